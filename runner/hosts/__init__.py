"""Machines, one adapter for each way to reach them."""
