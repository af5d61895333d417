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
    environments = workspace.environments()[::-1]
    total = sum(environment.row["bytes"] or 0 for environment in environments)
    return render_template("environments/table.html", found=environments, total=total, most=_SHOWN)


@page.get("/<key>")
def one(workspace: Workspace, key: str) -> ResponseReturnValue:
    """Return the packages and the lock of an environment."""
    environment = workspace.environment(key)
    try:
        lock = environment.lock
    except UserError as error:
        lock = str(error)
    return render_template(
        "environments/one.html", key=environment.key, packages=dict(sorted(environment.packages.items())), lock=lock
    )
