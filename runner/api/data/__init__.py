"""Data assets in the Python API: their versions, what they hold, where they come from and what came of them."""
