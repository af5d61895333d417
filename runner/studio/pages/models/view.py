"""The view of the list of models."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page
from runner.studio.paging import Paging

page = Page("models", "Models")
_METRICS = 2  # of each model that are shown


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each model with its latest version."""
    every = workspace.models()
    paging = Paging.read(request.args, len(every))
    return page.render(
        command=("models",), rows=[one.row for one in paging.of(every)], paging=paging, empty=not every,
        metrics_of=_metrics, served=_served(workspace),
    )  # fmt: skip


def _served(workspace: Workspace) -> dict[str, list[str]]:
    """Return the endpoints that serve each model."""
    served: dict[str, list[str]] = {}
    for endpoint in workspace.endpoints:
        for name in dict.fromkeys(model["name"] for model in endpoint.row["models"]):  # it may serve several versions
            served.setdefault(name, []).append(endpoint.name)
    return served


def _metrics(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the first numeric metrics of the latest version."""
    numbers = [(name, value) for name, value in (row.get("metrics") or {}).items() if isinstance(value, int | float)]
    return numbers[:_METRICS]
