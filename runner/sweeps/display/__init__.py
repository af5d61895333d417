"""Displays of a sweep: a live table, a summary and a page."""
