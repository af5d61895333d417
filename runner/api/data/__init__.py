"""Data assets in the Python API: versions, content and lineage."""
