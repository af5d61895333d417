"""Sweeps: many trials of one composition, what they try, when they are stopped, and what came of them."""
