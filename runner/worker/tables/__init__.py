"""Reads tables in a process of its own: what their columns hold, their first rows, how two of them differ."""
