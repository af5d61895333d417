"""Executes one run, from starting the script to writing ``result.json``."""
