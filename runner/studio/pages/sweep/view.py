"""The views of one sweep."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page, answer

page = Page("sweep", "Sweep", menu=False, below="sweeps")


@page.get("/<sweep>")
def index(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Show a sweep. Its script draws the charts from `data`."""
    shown = workspace.sweep(sweep)
    return page.render(
        command=("sweep", shown.id), title=shown.id, sweep=shown, row=shown.row, facts=shown.facts(),
        resume=shown.resume_command(), leaderboard=shown.leaderboard(),
    )  # fmt: skip


@page.get("/<sweep>/data")
def data(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Return the data of the charts, except the importance of the parameters, which takes longer."""
    shown = workspace.sweep(sweep)
    charts, nodes = shown.charts(), shown.nodes()
    for trial in charts["trials"]:
        trial["node"] = nodes.get(trial["run"])
    return answer(**charts, curves=shown.curves(), state=shown.state)


@page.get("/<sweep>/importance")
def importance(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Return the importance of each parameter for each objective."""
    return answer(importance=workspace.sweep(sweep).importance())


@page.post("/<sweep>/cancel")
def cancel(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Cancel the sweep and its running trials."""
    return answer(state=workspace.sweep(sweep).cancel().state)
