"""The environments: their size, packages, and what needs them."""
