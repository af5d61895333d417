"""Metrics and logs of a server."""
