"""Environments that are built on a node by a program of ours."""
