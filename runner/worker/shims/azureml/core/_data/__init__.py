"""Table files and what is done with their rows."""
