"""One version of a data asset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.versions import StoredVersion
from runner.store.data.records import AssetRecord, TableRecord
from runner.store.data.store import DataStore

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset
    from runner.api.data.preview import Preview
    from runner.api.workspace import Workspace


class DataVersion(StoredVersion):
    """One version of a data asset.

    Attributes
    ----------
    is_new : bool
        Whether `DataAssets.add` made it, False if the latest version had the same content.
    """

    _record: AssetRecord
    _store: DataStore

    def __init__(self, workspace: Workspace, record: AssetRecord, *, is_new: bool = False) -> None:
        self._workspace, self._store, self._record = workspace, DataStore(workspace.layout), record
        self.is_new = is_new

    @property
    def asset(self) -> DataAsset:
        """The asset."""
        from runner.api.data.assets import DataAsset

        return DataAsset(self._workspace, self.name)

    @property
    def record(self) -> AssetRecord:
        """Everything that is recorded of the version."""
        return self._record

    @property
    def type(self) -> str:
        """The type: file, folder or table."""
        return self._record.type

    @property
    def path(self) -> Path:
        """The file or folder with the content. It must not be changed."""
        return self._store.path(self._record)

    @property
    def table(self) -> TableRecord | None:
        """The columns, types, rows and missing cells of a table. None for other types."""
        return self._record.table

    @property
    def description(self) -> str | None:
        """The description that was given."""
        return self._record.description

    def files(self) -> list[dict[str, Any]]:
        """Return its files: ``path``, ``bytes`` and ``sha256`` of each.

        Raises
        ------
        UserError
            If their list cannot be read.
        """
        return [
            {"path": file.path, "bytes": file.bytes, "sha256": file.sha256} for file in self._store.files(self._record)
        ]

    @property
    def lineage(self) -> dict[str, Any]:
        """The origin of the version, and the runs, models and data made from it.

        ``source``, ``run`` and ``output`` say where it comes from; ``runs`` has the ids of runs that read it,
        ``models`` the versions that these registered, and ``endpoints`` the names of those that serve them.
        """
        from runner.api.data.lineage import lineage_of

        return lineage_of(self._workspace, self._record)

    def preview(self, rows: int = 20) -> Preview:
        """Return the first rows of a table, the first lines of a text, or the first files of a folder.

        Raises
        ------
        UserError
            If the content is gone or has changed, or pyarrow is needed and missing.
        """
        from runner.api.data.preview import preview_of

        return preview_of(self._store, self._record, rows)

    def check(self) -> None:
        """Check that its content is there, and if it is a reference, that it has not changed.

        Raises
        ------
        UserError
            If it has.
        """
        self._store.check(self._record)

    def to_pandas(self) -> Any:
        """Return a table as a data frame of pandas, which has to be installed.

        Raises
        ------
        UserError
            If it is not a table, or pandas is not installed.
        """
        from runner.api.data.frames import frame_of

        self.check()
        return frame_of(self._store, self._record)

    def download(self, to: str | Path) -> int:
        """Copy its files into a new folder, checked against their hashes; return how many.

        Raises
        ------
        UserError
            If the folder is not empty or cannot be written to, or a file is missing or differs from its record.
        """
        from runner.api.copies import copy_file, new_folder

        count, place = 0, self.path
        with new_folder(Path(to).absolute(), None) as staged:
            for file in self._store.files(self._record):
                source = (place / file.path if place.is_dir() else place).resolve()
                copy_file(source, staged / file.path, file.sha256)
                count += 1
        return count

    def describe(self, description: str | None) -> DataVersion:
        """Replace the description, or remove it with None."""
        self._record = self._store.describe(self.name, self.version, description)
        return self

    def delete(self, *, force: bool = False) -> None:
        """Remove the version. Its number is not used again.

        Raises
        ------
        UserError
            If an alias points to it, or a run, a model or an endpoint names it, unless `force`; or if an active run is
            using it.
        """
        from runner.api.data.removal import delete

        delete(self._workspace, self.name, self.version, force=force)

    def _repr_html_(self) -> str:
        from runner.api.html import asset_version_page

        return asset_version_page(self)
