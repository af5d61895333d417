"""Environments, one adapter for each kind."""
