"""Files, JSON records, names and time, as everything else reads and writes them."""
