"""The views of a data asset."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import DataVersion, UserError, Workspace
from runner.studio.page import Page
from runner.studio.pages.asset import columns
from runner.studio.pages.asset.actions import ACTIONS
from runner.studio.pages.asset.lineage import lineage_graph
from runner.studio.paging import Paging
from runner.studio.versions.actions import carry_out
from runner.studio.versions.alias_changes import alias_changes
from runner.studio.versions.reading import read_versions

page = Page("asset", "Data asset", menu=False, below="data")
_ROWS, _COLUMNS = 20, 50  # of the preview


@page.get("/<name>")
def index(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Show a data asset and its latest version."""
    return _show(workspace, name, None)


@page.get("/<name>/<int:version>")
def version(workspace: Workspace, name: str, version: int) -> ResponseReturnValue:
    """Show a data asset and one of its versions."""
    return _show(workspace, name, version)


def _show(workspace: Workspace, name: str, version: int | None) -> ResponseReturnValue:
    asset = workspace.data.get(name)
    found, problems = read_versions(asset, workspace.data.version)
    if version is None and not found:
        raise UserError(problems[0])
    picked = found[-1] if version is None else workspace.data.version(f"{name}:{version}")
    width, other = len(picked.table.columns) if picked.table else 0, request.args.get("with", "")
    paging = Paging.read(request.args, width, columns.SIZE, "columns")
    preview, why = _preview(picked)
    difference, problem = _difference(workspace, picked, other)
    return page.render(
        title=picked.reference, command=("data", "show", picked.reference), named=asset, picked=picked,
        record=picked.record, versions=found, problems=problems, count=len(asset.version_numbers()),
        aliases=asset.aliases, changes=alias_changes(asset), graph=lineage_graph(workspace, picked), preview=preview,
        no_preview=why, most=_COLUMNS, columns=columns.columns_of(picked, paging), width=width, paging=paging,
        chart=(columns.WIDTH, columns.HEIGHT), difference=difference, problem=problem, other=other,
    )  # fmt: skip


def _preview(version: DataVersion) -> tuple[Any, str]:
    """Return the first rows, or why there are none. Of a table, as many as its record has."""
    recorded = len(version.table.head) if version.table else 0
    try:
        return version.preview(recorded or _ROWS), ""
    except UserError as error:
        return None, str(error)


def _difference(workspace: Workspace, version: DataVersion, other: str) -> tuple[Any, str]:
    """Return what changed since the version that the address names, or why that is not known."""
    if not other:
        return None, ""
    try:
        return workspace.data.diff(f"{version.name}:{other}", version.reference), ""
    except UserError as error:
        return None, str(error)


@page.post("/<name>/<int:version>/<action>")
def act(workspace: Workspace, name: str, version: int, action: str) -> ResponseReturnValue:
    """Carry out an action on the version, and return its message."""
    return carry_out(ACTIONS, action, workspace.data.version(f"{name}:{version}"))
