"""What every connection to a machine shares, whatever carries it: SSH, or the connections of a Dask cluster."""

from __future__ import annotations

from runner.errors import UserError

OWN_PYTHON = "python"
"""The first word of a program for a link that knows which Python is meant: the one that its other end runs on."""


class UnreachableError(UserError):
    """A machine that does not answer now; it may later."""
