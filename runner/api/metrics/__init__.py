"""What a run has logged: all of it, as arrays, and as curves."""
