"""Composes and plans trials without composing everything again."""
