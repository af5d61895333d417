"""The list of sweeps."""
