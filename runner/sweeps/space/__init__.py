"""The search space: what each parameter may be."""
