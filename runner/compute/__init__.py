"""Computes, which run workers; one adapter for each kind."""
