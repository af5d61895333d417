"""Configuration: what Hydra composes, its schema, its limits, and what is said of mistakes in it."""
