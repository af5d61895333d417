"""Environments, one adapter a kind."""
