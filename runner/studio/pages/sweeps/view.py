"""The view of the list of sweeps."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page

page = Page("sweeps", "Sweeps")
STATES = ("running", "completed", "failed", "canceled", "interrupted")
_SIZE = 100


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show the sweeps of the workspace, newest first."""
    state = request.args.get("state", "")
    experiment = request.args.get("experiment", "")
    number = min(max(1, request.args.get("page", 1, type=int)), 1_000_000)
    every = workspace.sweeps()
    rows = [one.row for one in every if experiment in ("", one.experiment) and state in ("", one.state)]
    words = [*(["--experiment", experiment] if experiment else []), *(["--state", state] if state else [])]
    return page.render(
        command=("sweeps", *words), rows=rows[(number - 1) * _SIZE : number * _SIZE], total=len(rows), empty=not every,
        state=state, experiment=experiment, states=STATES, experiments=sorted({one.experiment for one in every}),
        number=number, last=max(1, -(-len(rows) // _SIZE)),
    )  # fmt: skip
