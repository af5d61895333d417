"""The view of the list of pipelines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Run, UserError, Workspace
from runner.console.format import short_ids
from runner.studio.page import Page
from runner.studio.paging import Paging

page = Page("pipelines", "Pipelines")
_STATES = {one: one.capitalize() for one in ("running", "completed", "failed", "canceled")}


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show the pipelines of the workspace, newest first."""
    state, experiment = request.args.get("state", ""), request.args.get("experiment", "")
    every = workspace.pipelines()
    problems: list[str] = []
    chosen = [run for run in every if experiment in ("", run.experiment) and _has(run, state, problems)]
    paging = Paging.read(request.args, len(chosen))
    rows = [row for one in paging.of(chosen) if (row := _row(one, problems)) is not None]
    return page.render(
        command=("pipelines", *(["--experiment", experiment] if experiment else [])), rows=rows, paging=paging,
        short=short_ids([row["id"] for row in rows]), empty=not every, states=_STATES,
        filters={"state": state or None, "experiment": experiment or None},
        experiments=sorted({run.experiment for run in every}), problems=list(dict.fromkeys(problems)),
    )  # fmt: skip


def _has(run: Run, state: str, problems: list[str]) -> bool:
    """Return whether a pipeline is in a state. If no state is asked for, its record is not read."""
    if not state:
        return True
    try:
        return run.status == state
    except UserError as error:
        problems.append(str(error))
        return False


def _row(run: Run, problems: list[str]) -> dict[str, Any] | None:
    """Return a row of the list, or None if the record of the pipeline cannot be read."""
    try:
        record, steps = run.record, run.steps
    except UserError as error:
        problems.append(str(error))
        return None
    registered = record.register
    return {
        "id": run.id, "display_name": record.display_name, "experiment": run.experiment, "status": record.status,
        "followed": run.followed, "error": record.error, "created": record.created, "user": record.user,
        "since": record.created if record.ended is None and run.followed else None, "duration": run.duration,
        "model": f"{registered.model}:{registered.version}" if registered else None, "total": len(steps),
        "counts": Counter("reused" if step.reused else step.status for step in steps),
        "done": sum(step.status == "completed" for step in steps),
    }  # fmt: skip
