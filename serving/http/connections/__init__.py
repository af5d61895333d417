"""The connections of a server process: where they come from, how many there are, what each may send."""
