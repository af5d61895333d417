"""Removes leftovers of runs and caches from a node."""

from __future__ import annotations

from typing import Any

from runner.compute.cluster.node import Node
from runner.errors import UserError
from runner.io.json_records import read_lines, read_record, warn_once
from runner.layout import Layout, RunLayout
from runner.records import AttemptLine, RunRecord
from runner.statuses import TERMINAL


def clear(node: Node, layout: Layout, everything: bool) -> dict[str, Any]:
    """Remove the leftovers of a workspace's ended runs from a node.

    Parameters
    ----------
    node : Node
        The machine.
    layout : Layout
        The workspace whose runs are known.
    everything : bool
        Also remove environments, sources, data and tools, which are sent again when needed.

    Returns
    -------
    dict
        ``removed`` and ``ended`` (lists of runs), ``freed`` (bytes), ``unknown`` (number of runs kept because they
        belong to other workspaces or their records cannot be read) and ``said`` (the line to print).

    Raises
    ------
    UserError
        If `everything` is set and jobs are running.
    """
    state = node.call("node.cleanup", "state").result()
    if everything and state["running"]:
        raise UserError(f"{node.name}: {', '.join(state['running'])} is running", "Cancel it first: vivero cancel RUN")
    over, others = [], 0
    for place in state["runs"]:
        ended = _has_ended(layout, place)
        if ended:
            over.append(place)
        others += ended is None
    answer = node.call("node.cleanup", "clean", runs=over, all=everything).result()
    node.forget_uploads()
    message = f"{len(over)} run{'s' * (len(over) != 1)} removed, {answer['freed'] / 2**20:.0f} MB freed"
    if answer["ended"]:
        message += f"; ended {', '.join(answer['ended'])}"
    if others:
        message += f"; {others} of other workspaces were kept"
    return {"removed": over, "freed": answer["freed"], "ended": answer["ended"], "unknown": others, "said": message}


def stop(node: Node, runs: bool) -> dict[str, Any]:
    """End the prefork interpreters on a node, and with `runs` also running jobs.

    Returns
    -------
    dict
        The node's answer, and ``said``, the line to print.
    """
    answer = node.call("node.cleanup", "stop", runs=runs).result()
    message = "no prefork interpreters were running" if not answer["daemon"] else "prefork interpreters ended"
    if answer["ended"]:
        message += f"; ended {', '.join(answer['ended'])}"
    return {**answer, "said": message}


def _has_ended(layout: Layout, place: str) -> bool | None:
    """Return whether the run or attempt of a folder ``RUN.ATTEMPT`` has ended; None if unknown."""
    run_id, _, attempt = place.rpartition(".")
    if run_id == "ahead" or attempt == "part":
        return False  # warms up an interpreter, or is still being filled: the node removes it itself
    record_file = next(layout.runs.glob(f"*/{_escaped(run_id)}/{RunLayout.record}"), None)
    if record_file is None:
        return None
    folder = record_file.parent
    try:
        if read_record(record_file, RunRecord).status in TERMINAL:
            return True
        lines = list(read_lines(RunLayout(folder).attempts, AttemptLine))
    except UserError as error:  # files of runs that may still be running are not touched
        warn_once(record_file, str(error))
        return None
    return any(str(line["attempt"]) == attempt for line in lines)


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name.replace("/", ""))
