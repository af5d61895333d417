"""Silences library warnings that help in a script but are false in a server."""

import warnings


def silence() -> None:
    """Ignore the warning that a matrix has no feature names. Its columns have been put in the model's order."""
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
