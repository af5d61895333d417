"""What differs between two versions of data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.store.data.records import TABLE, AssetRecord
from runner.store.data.store import DataStore
from runner.store.data.tables import TableFile, ask, table_files

if TYPE_CHECKING:
    from runner.api.data.version import DataVersion


@dataclass(frozen=True)
class DataDifference:
    """Files, and of tables columns and rows, that only one version has or that changed.

    `rows` has the counts of both. A row that changed counts as removed and as added; both counts are None if the rows
    could not be compared, for which `notes` has the reason.
    """

    before: str
    after: str
    files_added: list[str]
    files_removed: list[str]
    files_changed: list[str]
    columns_added: list[str]
    columns_removed: list[str]
    columns_changed: dict[str, tuple[str, str]]
    rows: tuple[int | None, int | None] = (None, None)
    rows_added: int | None = None
    rows_removed: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the content is the same."""
        return not (self.files_added or self.files_removed or self.files_changed)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def compare(before: DataVersion, after: DataVersion) -> DataDifference:
    """Return what changed from one version to another."""
    store, old, new = before._store, before.record, after.record
    files = store.diff(old, new)
    types = [
        {} if version.table is None else {column.name: column.type for column in version.table.columns}
        for version in (old, new)
    ]
    rows: dict[str, Any] = {}
    if old.table is not None and new.table is not None:
        rows = {"rows": (old.table.rows, new.table.rows)}
        rows |= _rows(store, old, new) if old.hash != new.hash else {"rows_added": 0, "rows_removed": 0}
    return DataDifference(
        before=old.id,
        after=new.id,
        files_added=files["added"],
        files_removed=files["removed"],
        files_changed=files["changed"],
        columns_added=[name for name in types[1] if name not in types[0]],
        columns_removed=[name for name in types[0] if name not in types[1]],
        columns_changed={
            name: (types[0][name], types[1][name])
            for name in types[0]
            if name in types[1] and types[0][name] != types[1][name]
        },
        **rows,
    )


def _rows(store: DataStore, before: AssetRecord, after: AssetRecord) -> dict[str, Any]:
    try:
        for record in (before, after):
            store.check(record)
        old, new = _files(store, before), _files(store, after)
        answer = ask({"task": "difference", "files": old, "other": new})
    except UserError as error:
        return {"notes": (str(error),)}
    counts = {"rows_added": answer.get("added"), "rows_removed": answer.get("removed")}
    return {**counts, "notes": tuple(answer.get("notes", ()))}


def _files(store: DataStore, record: AssetRecord) -> list[TableFile]:
    assert record.type == TABLE  # noqa: S101 - who calls it has looked
    return table_files(store.path(record), [file.path for file in store.files(record)])
