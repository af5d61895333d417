"""Terminal output: tables, progress and short forms of values."""
