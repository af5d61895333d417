"""Environments: which there are, and what needs them."""
