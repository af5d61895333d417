"""Endpoints: what is served where, and requests to it."""
