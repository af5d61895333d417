"""The view of the list of endpoints."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page
from runner.studio.paging import Paging

page = Page("endpoints", "Endpoints")


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each endpoint and the versions that it serves."""
    every = list(workspace.endpoints)
    paging = Paging.read(request.args, len(every))
    model = next((model.name for model in workspace.models()), "sklearn-iris")
    return page.render(
        command=("endpoints",), rows=[one.row for one in paging.of(every)], paging=paging, empty=not every, model=model
    )
