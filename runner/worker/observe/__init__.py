"""Reads metrics while the script runs, from its log and from its MLflow store."""
