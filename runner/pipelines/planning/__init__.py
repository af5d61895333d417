"""Makes a checked plan for each step of a composition. Nothing is written to disk."""
