"""Sweeps, with the current state of their trials."""
