"""Turns requirement lines, local projects and repositories into a lock with hashes."""
