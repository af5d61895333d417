"""The list of registered models."""
