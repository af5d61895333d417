"""Stand-in for ``azureml-mlflow``: MLflow records in the run by itself, so its import is all that is wanted."""
