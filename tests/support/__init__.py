"""Helpers that test modules share, for waiting, the command line, nodes, engines and records. It contains no tests."""
