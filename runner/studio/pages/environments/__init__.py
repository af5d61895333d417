"""The environments: their size, their packages, and what uses them."""
