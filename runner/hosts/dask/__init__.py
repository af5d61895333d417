"""Hosts that are reached through the workers of a Dask cluster."""
