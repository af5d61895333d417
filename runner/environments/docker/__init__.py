"""Environments that are container images."""
