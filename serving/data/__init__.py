"""Converts rows and files to a model's input: schema, columns and cells."""
