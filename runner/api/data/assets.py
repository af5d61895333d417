"""The data assets of a workspace."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.data.version import DataVersion
from runner.api.versions import Versioned
from runner.errors import UserError, nearest
from runner.store.data.store import DataStore

if TYPE_CHECKING:
    from runner.api.data.difference import DataDifference
    from runner.api.workspace import Workspace


class DataAssets:
    """The data assets of a workspace: iterate over them, `add` to them, `get` one or a `version`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._store = workspace, DataStore(workspace.layout)

    def __iter__(self) -> Iterator[DataAsset]:
        return iter([DataAsset(self._workspace, name) for name in self._store.names()])

    def __len__(self) -> int:
        return len(self._store.names())

    def rows(self) -> list[dict[str, Any]]:
        """Return the latest version of each as ``vivero data --json`` prints it, by name."""
        from runner.store.data.listing import list_rows

        return list_rows(self._workspace.layout)

    def get(self, name: str) -> DataAsset:
        """Return a data asset that has a version.

        Raises
        ------
        UserError
            If it does not exist, naming the nearest.
        """
        asset = DataAsset(self._workspace, name)
        if not asset.version_numbers():
            raise UserError(f"Data asset '{name}' does not exist", nearest(name, self._store.names()))
        return asset

    def version(self, reference: str) -> DataVersion:
        """Return a version: ``NAME`` or ``NAME:latest``, ``NAME:3``, ``NAME@alias``.

        Raises
        ------
        UserError
            If there is none.
        """
        return DataVersion(self._workspace, self._store.resolve(reference))

    def locate(self, reference: str) -> tuple[DataAsset, int]:
        """Return the asset and the number of a version, whose record may be unreadable.

        Raises
        ------
        UserError
            If there is none.
        """
        name, number = self._store.locate(reference)
        return DataAsset(self._workspace, name), number

    def add(
        self,
        name: str,
        *paths: str | Path,
        type: str | None = None,
        reference: bool = False,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> DataVersion:
        """Store files or a folder as the next version, unless the latest one has the same content.

        Parameters
        ----------
        name : str
            The asset.
        paths : str or Path
            A file, a folder or a pattern such as ``"parts/*.csv"``; several together make one folder or table.
        type : str, optional
            file, folder or table. Default: what it looks like.
        reference : bool
            Leave the content where it is. Its hash is remembered, and a change is noticed when it is used.
        description : str, optional
            What it is.
        tags : mapping, optional
            Its tags.
        content : str, optional
            The name of the file or folder that scripts see. Default: that of the path.

        Returns
        -------
        DataVersion
            Its `is_new` says whether it was made by this call.

        Raises
        ------
        UserError
            If the name or a path cannot be used, or the disk refuses.
        """
        from runner.io.names import check_tag

        sources = [source for path in paths for source in _expanded(path)]
        checked = {check_tag(key): str(value) for key, value in (tags or {}).items()}
        store = DataStore(self._workspace.trusted())
        added = store.add(
            name, sources, type=type, reference=reference, description=description, tags=checked, content=content
        )
        return DataVersion(self._workspace, added.record, is_new=added.new)

    def diff(self, before: str, after: str) -> DataDifference:
        """Return what changed from one version to another.

        Raises
        ------
        UserError
            If one does not exist, or the list of its files cannot be read.
        """
        from runner.api.data.difference import compare

        return compare(self.version(before), self.version(after))

    def __repr__(self) -> str:
        return f"<DataAssets of {self._workspace.root}>"

    def _repr_html_(self) -> str:
        from runner.api.html import asset_table

        return asset_table(self.rows())


def _expanded(path: str | Path) -> list[Path]:
    """Return the paths that a pattern matches; an existing path is not treated as a pattern."""
    text = os.path.expanduser(path)  # noqa: PTH111 - a pattern
    if os.path.lexists(text) or not glob.has_magic(text):
        return [Path(text)]
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - a pattern may be absolute
    if not matches:
        raise UserError(f"Nothing matches {text}")
    return [Path(match) for match in matches]


class DataAsset(Versioned):
    """A data asset: a name with versions."""

    _store: DataStore

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace, self._store, self._name = workspace, DataStore(workspace.layout), name

    def versions(self) -> list[DataVersion]:
        """Return the versions, oldest first.

        Raises
        ------
        UserError
            If the record of one cannot be read.
        """
        return [DataVersion(self._workspace, self._store.read(self._name, number)) for number in self.version_numbers()]

    @property
    def latest(self) -> DataVersion:
        """The latest version."""
        return DataVersion(self._workspace, self._store.resolve(self._name))

    @property
    def row(self) -> dict[str, Any]:
        """The latest version as ``vivero data --json`` prints it, or ``error``, which says why it cannot be read."""
        from runner.store.data.listing import row_of

        return row_of(self._store, self._name)

    def needed_by(self, number: int | None = None) -> list[str]:
        """Return what names a version, or any version: runs, models and endpoints, each as a sentence."""
        from runner.api.data.lineage import needed_by

        return needed_by(self._workspace, self._name, number)

    def check_delete(self, number: int | None = None, *, force: bool = False) -> None:
        """Refuse what `delete` refuses.

        Raises
        ------
        UserError
            As there.
        """
        from runner.api.data.removal import check_delete

        check_delete(self._workspace, self._name, number, force=force)

    def delete(self, number: int | None = None, *, force: bool = False) -> None:
        """Remove a version, or the asset with all its versions.

        Raises
        ------
        UserError
            If a run, a model or an endpoint names one, unless `force`; or if an active run is using one.
        """
        from runner.api.data.removal import delete

        delete(self._workspace, self._name, number, force=force)

    def _repr_html_(self) -> str:
        from runner.api.html import asset_page

        return asset_page(self)
