"""What the holdout says about a model: scores with intervals, tables, charts and warnings."""
