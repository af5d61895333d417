"""Files, JSON records, names and times."""
