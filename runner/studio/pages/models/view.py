"""The view of the list of models."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page

page = Page("models", "Models")
_METRICS = 2  # shown of each model


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each model with its latest version."""
    rows = [one.row for one in workspace.models()]
    served: dict[str, list[str]] = {}
    for endpoint in workspace.endpoints:
        for one in endpoint.row["models"]:
            served.setdefault(one["name"], []).append(endpoint.name)
    return page.render(command=("models",), rows=rows, metrics_of=_metrics, served=served)


def _metrics(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the first numbers of the latest version."""
    found = [(name, value) for name, value in (row.get("metrics") or {}).items() if isinstance(value, int | float)]
    return found[:_METRICS]
