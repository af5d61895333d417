"""Sweeps: many trials of one composition."""
