"""The commands about environments."""
