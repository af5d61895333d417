"""Machines, one adapter a way to reach them."""
