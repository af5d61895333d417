"""Limits on the files, words and references that a user writes: a few lines must not expand to millions of values."""
