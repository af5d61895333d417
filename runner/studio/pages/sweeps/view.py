"""The view of the list of sweeps."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.console.format import short_ids
from runner.studio.page import Page
from runner.studio.paging import Paging

page = Page("sweeps", "Sweeps")
_STATES = {one: one.capitalize() for one in ("running", "completed", "failed", "canceled", "interrupted")}


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show the sweeps of the workspace, newest first."""
    state, experiment = request.args.get("state", ""), request.args.get("experiment", "")
    every = workspace.sweeps()
    chosen = [sweep for sweep in every if experiment in ("", sweep.experiment) and state in ("", sweep.state)]
    paging = Paging.read(request.args, len(chosen))
    rows = [one.row for one in paging.of(chosen)]
    return page.render(
        command=("sweeps",), rows=rows, paging=paging, short=short_ids([row["id"] for row in rows]), empty=not every,
        filters={"state": state or None, "experiment": experiment or None}, states=_STATES,
        experiments=sorted({sweep.experiment for sweep in every}),
    )  # fmt: skip
