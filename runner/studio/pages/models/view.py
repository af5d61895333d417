"""The view of the list of models."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page

page = Page("models", "Models")
_METRICS = 2  # of each model that are shown


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each model with its latest version."""
    rows = [one.row for one in workspace.models()]
    served: dict[str, list[str]] = {}
    for endpoint in workspace.endpoints:
        for name in dict.fromkeys(one["name"] for one in endpoint.row["models"]):  # it may serve several versions
            served.setdefault(name, []).append(endpoint.name)
    return page.render(command=("models",), rows=rows, metrics_of=_metrics, served=served)


def _metrics(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the first numeric metrics of the latest version."""
    numbers = [(name, value) for name, value in (row.get("metrics") or {}).items() if isinstance(value, int | float)]
    return numbers[:_METRICS]
