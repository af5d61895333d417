"""Endpoints that are served from containers."""
