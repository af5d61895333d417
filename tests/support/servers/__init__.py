"""Servers that tests start, and comparison of their answers with the models."""
