"""A run as scripts use it: what it logs, its files, child runs and registered models."""
