"""What all links to a host share, over SSH or over the connections of a Dask cluster."""

from __future__ import annotations

from runner.errors import UserError

OWN_PYTHON = "python"
"""As the first word of a program: the Python that runs the link's other end, for links that have one."""


class UnreachableError(UserError):
    """A host that does not answer now, but may later."""
