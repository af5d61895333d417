"""The commands about sweeps."""
