"""Looks at a model in a clean process; where nothing else of the worker is, it needs ``files.py`` and the bootstrap."""
