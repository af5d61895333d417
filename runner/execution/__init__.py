"""What a run is executed with: its plan, its context, the requests of its script, its metrics."""
