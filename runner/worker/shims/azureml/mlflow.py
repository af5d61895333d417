"""Stand-in for ``azureml-mlflow``. It only needs to be importable: MLflow already records in the run."""
