"""Parsers under a fuzzer that sees which code its bytes reach: ``nox -s fuzz``."""
