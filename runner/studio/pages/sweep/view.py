"""The views of one sweep."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page, answer

page = Page("sweep", "Sweep", menu=False, below="sweeps")


@page.get("/<sweep>")
def index(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Show a sweep. Its script draws the charts from `data`."""
    found = workspace.sweep(sweep)
    return page.render(
        command=("sweep", found.id), title=found.id, sweep=found, row=found.row, facts=found.facts(),
        resume=found.resume_command(),
    )  # fmt: skip


@page.get("/<sweep>/data")
def data(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Return the data of the charts, except the importance of the parameters, which takes longer."""
    found = workspace.sweep(sweep)
    charts, nodes = found.charts(), found.nodes()
    for trial in charts["trials"]:
        trial["node"] = nodes.get(trial["run"])
    return answer(**charts, curves=found.curves(), state=found.state)


@page.get("/<sweep>/importance")
def importance(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Return the importance of each parameter for each objective."""
    return answer(importance=workspace.sweep(sweep).importance())


@page.post("/<sweep>/cancel")
def cancel(workspace: Workspace, sweep: str) -> ResponseReturnValue:
    """Cancel the sweep and its running trials."""
    return answer(state=workspace.sweep(sweep).cancel().state)
