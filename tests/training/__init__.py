"""Declared training: its settings, its program, and the script that says the same."""
