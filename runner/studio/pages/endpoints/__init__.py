"""The list of endpoints."""
