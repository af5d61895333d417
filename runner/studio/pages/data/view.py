"""The view of the list of data assets."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.page import Page

page = Page("data", "Data")
TYPES = ("table", "folder", "file")
_SIZE = 100


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show each data asset with its latest version."""
    kind, text = request.args.get("type", ""), request.args.get("find", "").strip()[:200]
    number = min(max(1, request.args.get("page", 1, type=int)), 1_000_000)
    every = workspace.data.rows()
    rows = [row for row in every if kind in ("", row.get("type")) and _has(row, text.lower())]
    return page.render(
        command=("data",), rows=rows[(number - 1) * _SIZE : number * _SIZE], total=len(rows), empty=not every,
        types=TYPES, kind=kind, text=text, number=number, last=max(1, -(-len(rows) // _SIZE)),
    )  # fmt: skip


def _has(row: dict[str, Any], text: str) -> bool:
    """Return whether the name, the description, a tag or an alias contains a text."""
    tags = row.get("tags") or {}
    words = [row["name"], row.get("description") or "", *tags, *tags.values(), *row["aliases"]]
    return not text or any(text in str(one).lower() for one in words)
