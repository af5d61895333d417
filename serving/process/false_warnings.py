"""Silences library warnings that are right in a script and wrong in a server."""

import warnings


def silence() -> None:
    """Ignore the warning that a matrix has no feature names. Its columns have been put in the model's order."""
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
