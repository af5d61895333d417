"""Ends and removes an abandoned run on a node."""

from __future__ import annotations

from pathlib import Path

from runner.compute.cluster.node import Node
from runner.layout import NodeLayout


def end_late_run(node: Node, name: str, apart: Path | None) -> None:
    """End a run that was restarted elsewhere, and remove it from the node.

    Parameters
    ----------
    name : str
        The name of the run's folder on the node.
    apart : Path or None
        The folder that keeps the result and log of this attempt. None discards them.
    """
    run = NodeLayout(node.root()).run(name)
    place = run.root
    host = node.host()
    if host.missing([place]):
        return
    node.call("node.cleanup", "end_run", run=str(place)).result()
    if apart is not None and apart.parent.parent.is_dir():
        for path in (run.result, run.log):
            if not host.missing([path]):
                (apart / path.name).write_bytes(host.read(path))
    node.call("node.cleanup", "forget", runs=[str(place)]).result()
