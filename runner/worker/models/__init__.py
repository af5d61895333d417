"""Inspects a model in a clean process. Outside the worker's folder, it needs only ``files.py`` and the bootstrap."""
