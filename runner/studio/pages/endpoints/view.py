"""The view of the list of endpoints."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page

page = Page("endpoints", "Endpoints")


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each endpoint and the versions that it serves."""
    models = [one.name for one in workspace.models()][:1]
    return page.render(command=("endpoints",), rows=[one.row for one in workspace.endpoints], models=models)
