"""Loads models, tests them before they are served, and answers requests by name and version."""
