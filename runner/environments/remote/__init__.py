"""Environments that vivero's own program builds on a node."""
