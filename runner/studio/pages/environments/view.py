"""The views of the environments."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.errors import UserError
from runner.studio.page import Page

page = Page("environments", "Environments")
_SHOWN = 60  # runs and models that need an environment


@page.get()
def index(_workspace: Workspace) -> ResponseReturnValue:
    """Show the page. Its script loads the table, because measuring large environments takes a moment."""
    return page.render(command=("environments",))


@page.get("/table")
def table(workspace: Workspace) -> ResponseReturnValue:
    """Return the table of environments, newest first."""
    found = workspace.environments()[::-1]
    total = sum(one.row["bytes"] or 0 for one in found)
    return render_template("environments/table.html", found=found, total=total, most=_SHOWN)


@page.get("/<key>")
def one(workspace: Workspace, key: str) -> ResponseReturnValue:
    """Return the packages and the lock of an environment."""
    found = workspace.environment(key)
    try:
        lock = found.lock
    except UserError as error:
        lock = str(error)
    return render_template(
        "environments/one.html", key=found.key, packages=dict(sorted(found.packages.items())), lock=lock
    )
