"""Makes a checked plan for each step of a pipeline. Nothing is written to disk."""
