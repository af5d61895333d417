"""The commands about data assets."""
