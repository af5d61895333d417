"""Compose a run from YAML, execute it, record it and register its model."""

__version__ = "0.1.0"
