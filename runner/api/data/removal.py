"""Removes data assets, but not while a run is using them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.api.data.lineage import needed_by
from runner.errors import UserError
from runner.store.data.store import DataStore

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.store.data.records import AssetRecord


def delete(workspace: Workspace, name: str, version: int | None, *, force: bool) -> None:
    """Remove a version, or with None all of them.

    Raises
    ------
    UserError
        If something refers to it and `force` is false, or an active run is using it.
    """
    check_delete(workspace, name, version, force=force)
    copied = {reference for row in workspace.runs(archived=True).rows for reference in row["data"].values()}
    DataStore(workspace.layout).delete(name, version, force=force, used=lambda record: record.hash in copied)


def check_delete(workspace: Workspace, name: str, version: int | None, *, force: bool) -> None:
    """Refuse what `delete` refuses.

    Raises
    ------
    UserError
        As there.
    """
    store = DataStore(workspace.layout)
    what = f"Data asset {name}" if version is None else f"Data asset {name}:{version}"
    if not force:
        store.check_delete(name, version)
        needed = needed_by(workspace, name, version)
        if needed:
            raise UserError(f"{what} was not removed: {'; '.join(needed)}", "To remove it nevertheless, add --force")
    for record in store.readable(name):
        if version in (None, record.version):
            _check_unused(workspace, store, record)


def _check_unused(workspace: Workspace, store: DataStore, record: AssetRecord) -> None:
    place = store.layout.blob(record.hash)
    if record.reference is not None or not place.is_dir():
        return
    for run in workspace.active_runs():
        links = workspace.layout.run(run.experiment, run.id).inputs.glob("*/*")
        if any(link.is_symlink() and link.readlink().is_relative_to(place) for link in links):
            raise UserError(
                f"{record.id} was not removed: run {run.id} is using it",
                f"Wait until it has ended, or cancel it: vivero cancel {run.id}",
            )
