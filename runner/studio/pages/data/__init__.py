"""The list of data assets."""
