"""Compose a run from YAML, execute it, record it and register its model."""

__version__ = "0.2.0"
