"""The record by which a cluster finds a run's job: the node, and the run's folder on it."""

from __future__ import annotations

from runner.io.clock import now
from runner.io.files import write_json
from runner.io.json_records import read_record
from runner.io.record import FORMAT
from runner.layout import RunLayout
from runner.records import NodeRecord


def write(run: RunLayout, node: str, folder: str) -> None:
    """Record where a run is about to start."""
    write_json(run.job, {"format": FORMAT, "node": node, "folder": folder, "began": now()})


def read(run: RunLayout) -> NodeRecord | None:
    """Return where a run is, or None if it is not on a node."""
    for path in (run.job, run.node):
        try:
            return read_record(path, NodeRecord)
        except FileNotFoundError:
            continue
    return None


def forget(run: RunLayout) -> None:
    """Record that a run is no longer on a node."""
    for path in (run.job, run.node):
        path.unlink(missing_ok=True)
