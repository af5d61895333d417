"""Runs on the machines of a cluster, however they are reached."""
