"""Carries out one run: its script, from the start to ``result.json``."""
