"""The views of a data asset."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue

from runner.api import DataAsset, DataVersion, UserError, Workspace
from runner.studio.alias_changes import alias_changes
from runner.studio.page import Page, answer
from runner.studio.pages.asset import columns
from runner.studio.pages.asset.actions import ACTIONS
from runner.studio.pages.asset.lineage import lineage_graph

page = Page("asset", "Data asset", menu=False, below="data")
_VERSIONS = 300  # latest versions that the page reads
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
    found, problems = _read(workspace, asset)
    if version is None and not found:
        raise UserError(problems[0])
    shown = found[-1] if version is None else workspace.data.version(f"{name}:{version}")
    number = min(max(1, request.args.get("columns", 1, type=int)), 1_000_000)
    preview, why = _preview(shown)
    width, other = len(shown.table.columns) if shown.table else 0, request.args.get("with", "")
    difference, problem = _difference(workspace, shown, other)
    return page.render(
        title=shown.reference, command=("data", "show", shown.reference), asset=asset, picked=shown,
        record=shown.record, versions=found, problems=problems, count=len(asset.version_numbers()),
        aliases=asset.aliases, changes=alias_changes(asset), graph=lineage_graph(workspace, shown), preview=preview,
        no_preview=why, most=_COLUMNS, columns=columns.columns_of(shown, number), width=width,
        chart=(columns.WIDTH, columns.HEIGHT), number=number,
        last=max(1, -(-width // columns.SIZE)), difference=difference, problem=problem, other=other,
    )  # fmt: skip


def _read(workspace: Workspace, asset: DataAsset) -> tuple[list[DataVersion], list[str]]:
    """Return the latest versions, oldest first, and a line about each that cannot be read."""
    found, problems = [], []
    for number in asset.version_numbers()[-_VERSIONS:]:
        try:
            found.append(workspace.data.version(f"{asset.name}:{number}"))
        except UserError as error:
            problems.append(str(error))
    return found, problems


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
    do = ACTIONS.get(action)
    if do is None:
        abort(404)
    return answer(done=do(workspace.data.version(f"{name}:{version}"), request.form.get("value", "").strip()))
