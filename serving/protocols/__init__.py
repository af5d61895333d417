"""Protocols: each turns its own JSON into rows and an answer into its own JSON, and nothing else."""
