"""Objectives, and which trials came out best."""
