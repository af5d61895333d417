"""Processes of a server that was started by a test."""

from typing import Any


def children(pid: Any) -> Any:
    """Return the children of a process."""
    return [int(one) for one in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def workers(server: Any) -> Any:
    (loading,) = children(server.process.pid)
    return children(loading)
