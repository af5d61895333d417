"""Looks at a model in a clean process; a node without a worker gets this folder and the bootstrap alone."""
