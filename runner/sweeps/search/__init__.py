"""Searches: one file for each, all of them `runner.sweeps.ports.Search`."""
