"""Objectives, and the best trials."""
