"""Runs, models, snapshots and inputs as files."""
