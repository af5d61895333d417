"""The ports: what the stages need from the outside world, each with a contract suite in ``tests/contracts``."""
