"""Serves registered models over HTTP without a line of user code."""
