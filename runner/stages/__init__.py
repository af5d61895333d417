"""The stages of a run, one file each. A stage takes the records before it and returns its own."""
