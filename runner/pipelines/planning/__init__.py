"""From a composition with steps to a checked plan of each step. Nothing is written here."""
