"""The views of clusters' nodes."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.errors import UserError
from runner.studio.page import Page

page = Page("nodes", "Nodes")


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show the known clusters, without a connection to any node."""
    clusters = workspace.clusters()
    words = clusters[0] if len(clusters) == 1 else ("compute=lab",)
    return page.render(command=("nodes", *words), clusters=clusters)


@page.post("/look")
def look(workspace: Workspace) -> ResponseReturnValue:
    """Connect to the nodes of a cluster that the page lists, and return a table of them."""
    words = tuple(request.form.getlist("word"))
    if words not in workspace.clusters():
        raise UserError("This cluster is not one of those that the page lists", "Reload the page")
    return render_template("nodes/table.html", nodes=workspace.nodes(*words), state_of=_state)


def _state(node: dict[str, Any]) -> str:
    """Return the state of a node in the word that ``vivero nodes`` uses."""
    if not node["up"]:
        return "down"
    return "busy" if node["state"].get("running") else "warm" if node["state"].get("daemon") else "idle"
