"""Declared training: an estimator, its data and its evaluation, composed from YAML without a script."""
