"""Runs, models, data assets, snapshots and inputs as files."""
