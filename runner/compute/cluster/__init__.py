"""Runs on the nodes of a cluster, reached over SSH or Dask."""
