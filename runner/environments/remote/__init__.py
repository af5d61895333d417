"""Environments that are built on a node by our own program."""
