"""Endpoints that are served by containers."""
