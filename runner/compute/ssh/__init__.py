"""Runs on machines that are reached by SSH."""
