"""Reads tables in a separate process: describes columns, returns first rows and compares two tables."""
