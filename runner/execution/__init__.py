"""The plan and context of a run, the requests of its script, and its metrics."""
