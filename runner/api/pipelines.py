"""The pipelines of a workspace, which are runs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from runner.api.runs.run import Run
from runner.errors import UserError
from runner.io.json_records import warn_once
from runner.pipelines.store import pipeline_runs

if TYPE_CHECKING:
    from runner.api.workspace import Workspace


def list_pipelines(workspace: Workspace, experiment: str | None, limit: int | None) -> list[Run]:
    """Return the runs that are pipelines, newest first, without those that are a step of another."""
    folders = pipeline_runs(workspace.layout, experiment)
    found = (Run(workspace, folder.root.parent.name, folder.root.name) for folder in folders)
    return list(islice((run for run in found if _is_outermost(run)), limit))


def find_pipeline(workspace: Workspace, text: str) -> Run:
    """Return a pipeline's run by its id, a unique part of it, or ``latest``.

    Raises
    ------
    UserError
        If there is none, or more than one, or the run is not a pipeline.
    """
    if text == "latest":
        found = list_pipelines(workspace, None, 1)
        if not found:
            raise UserError("This workspace has no pipelines", "Start one: python -m runner +experiment=churn")
        return found[0]
    run = workspace.run(text)
    if not run.is_pipeline:
        above = run.record.properties.get("pipeline")
        hint = f"It is a step of one: vivero pipeline {above}" if above else f"To show it: vivero show {run.id}"
        raise UserError(f"Run {run.id} is not a pipeline", hint)
    return run


def _is_outermost(run: Run) -> bool:
    """Return whether a pipeline can be read and is not a step of another. Warn once of one that cannot be read."""
    try:
        return "pipeline" not in run.record.properties
    except UserError as error:
        warn_once(run.folder.record, str(error))
        return False
