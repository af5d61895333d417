"""The processes of a server that a test started."""

from typing import Any


def children(pid: Any) -> Any:
    """Return the children of a process."""
    return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def workers(server: Any) -> Any:
    (loading,) = children(server.process.pid)
    return children(loading)
