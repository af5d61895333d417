"""The list of runs: searched, sorted, grouped, and acted on."""
