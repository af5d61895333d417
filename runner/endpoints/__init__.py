"""Endpoints: what is served where, kept as files; the servers that serve it, started and stopped."""
