"""Checks the settings of a cluster's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from runner.errors import UserError, nearest

_PYTHON = "python3"


@dataclass(frozen=True)
class NodeSettings:
    """The settings of one node.

    Parameters
    ----------
    host : str
        A name from ``~/.ssh/config``, a host name or an address.
    user, port
        Override ``~/.ssh/config``.
    slots : int or None
        The number of concurrent runs. None means the cluster's setting, or else the number of cores.
    python : str
        The Python that starts the agent, 3.6 or later.
    """

    host: str
    user: str | None = None
    port: int | None = None
    slots: int | None = None
    python: str = _PYTHON


_TYPES: Mapping[str, type] = {"host": str, "user": str, "port": int, "slots": int, "python": str}


def read_nodes(config: Any) -> list[NodeSettings]:
    """Return the nodes in a compute's settings.

    Raises
    ------
    UserError
        If a setting is invalid.
    """
    nodes = [_node(host) for host in config.hosts]
    names = [node.host for node in nodes]
    if not nodes:
        raise UserError("compute.hosts is empty", "Name the nodes: compute.hosts=[gpu1,gpu2]")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"compute.hosts names {twice} twice", "To run more jobs on it, give it slots: {host: NAME, slots: 2}"
        )
    if config.min_nodes > len(nodes):
        raise UserError(f"compute.min_nodes={config.min_nodes}, but compute.hosts names only {len(nodes)}")
    return nodes


def _node(host: Any) -> NodeSettings:
    if isinstance(host, str):
        return NodeSettings(_name(host))
    known = [field.name for field in fields(NodeSettings)]
    if not isinstance(host, Mapping) or not isinstance(host.get("host"), str):
        raise UserError(
            f"compute.hosts: {host!r} does not name a host", "Write a name, or {host: NAME, user: ..., port: ...}"
        )
    for key, value in host.items():
        if key not in known:
            raise UserError(f"compute.hosts: {host['host']} has an unknown setting '{key}'", nearest(str(key), known))
        if value is not None and (not isinstance(value, _TYPES[key]) or isinstance(value, bool)):
            kind = "a whole number" if _TYPES[key] is int else "text"
            raise UserError(f"compute.hosts: {key}={value!r} of {host['host']} is not {kind}")
    if host.get("slots") is not None and host["slots"] < 1:
        raise UserError(f"compute.hosts: {host['host']} has {host['slots']} slots", "Give it at least 1")
    given = {str(key): value for key, value in host.items() if value is not None}
    return NodeSettings(**{**given, "host": _name(host["host"])})


def _name(host: str) -> str:
    if not host or host.startswith("-") or any(not sign.isprintable() or sign.isspace() for sign in host):
        raise UserError(f"compute.hosts: {host!r} is not a host name")
    return host
