"""The view of the list of data assets."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page
from runner.studio.paging import Paging

page = Page("data", "Data")
_TYPES = {"table": "Tables", "folder": "Folders", "file": "Files"}


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each data asset with its latest version."""
    kind, text = request.args.get("type", ""), request.args.get("find", "").strip()[:200]
    every = workspace.data.rows()
    chosen = [row for row in every if kind in ("", row.get("type")) and _has(row, text.lower())]
    paging = Paging.read(request.args, len(chosen))
    return page.render(
        command=("data",), rows=paging.of(chosen), paging=paging, empty=not every,
        filters={"type": kind or None, "find": text or None}, types=_TYPES,
    )  # fmt: skip


def _has(row: dict[str, Any], text: str) -> bool:
    """Return whether the name, the description, a tag or an alias contains a text."""
    tags = row.get("tags") or {}
    words = [row["name"], row.get("description") or "", *tags, *tags.values(), *row["aliases"]]
    return not text or any(text in str(word).lower() for word in words)
