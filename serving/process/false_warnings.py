"""Warnings of libraries that are true in a script and false in a server."""

import warnings


def silence() -> None:
    """Leave out that a matrix has no feature names: its columns are in the model's order, which was checked."""
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
