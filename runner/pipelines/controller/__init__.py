"""Runs the steps of a pipeline, and reuses the results of steps that have not changed."""
