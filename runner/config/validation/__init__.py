"""Refuses what cannot work, before anything is written."""
