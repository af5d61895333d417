"""What is left of a run on a node is removed there, once it is home or has been given up."""

from __future__ import annotations

from pathlib import Path

from runner.compute.cluster.node import Node
from runner.errors import UserError
from runner.hosts.remote.client import Request


def let_go(node: Node, place: Path) -> Request | None:
    """Have a node remove a run that is here; nobody waits for it."""
    try:
        return node.call("tending", "forget", run=str(place))
    except UserError:
        return None  # `vivero nodes clean` does it


def late(node: Node, name: str, apart: Path | None) -> None:
    """End a run that began again elsewhere, keep what it still brought about apart, and remove it."""
    place = node.root() / "runs" / name
    host = node.host()
    if host.missing([place]):
        return
    node.call("tending", "end_run", run=str(place)).result()
    if apart is not None and apart.parent.parent.is_dir():
        for one in ("result.json", "logs/run.log"):
            if not host.missing([place / one]):
                (apart / Path(one).name).write_bytes(host.read(place / one))
    node.call("tending", "forget", run=str(place)).result()
