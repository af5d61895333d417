"""The run, or child run, that a user means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.api.runs.find import find_child, find_run
from runner.api.runs.run import Run
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.workspace import Workspace


def run_of(workspace: Workspace, text: str) -> Run:
    """Return a run by its id, a unique part of it, or ``latest``; ``RUN_1`` is its first child run."""
    try:
        record = find_run(workspace.layout, text)
    except UserError:
        found = find_child(workspace.layout, text)
        if found is None:
            raise
        top = Run(workspace, found[0].experiment, found[0].id)
        return next(run for run in top.walk() if run.id == found[1]["id"])
    return Run(workspace, record.experiment, record.id)
