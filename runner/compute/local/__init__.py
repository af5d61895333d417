"""Runs on this machine, in new interpreters or forked from a prefork pool."""
