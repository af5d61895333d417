"""The rows of a list of data assets. Rows that have not changed are read from a cache.

The cache is a table in ``index.sqlite``. Each row has a stamp that changes with the asset's versions, its aliases and
the record of its latest version. The stamp consists of the times of the folder and two files.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from typing import Any

from runner.access import ownership
from runner.errors import UserError, storage_error
from runner.io.files import make_file
from runner.io.sqlite_cache import connect
from runner.layout import AssetLayout, Layout, is_asset_name
from runner.store.aliases import AliasFile
from runner.store.data.store import DataStore
from runner.store.finding import entries

Row = dict[str, Any]
_TABLE = "assets_1"  # increase the number when the fields of a row change
_SETTLED = 2_000_000_000  # nanoseconds after which a folder's time tells whether it has changed
_RECORD = str(AssetLayout.record)


def list_rows(layout: Layout) -> list[Row]:
    """Return a row for each data asset that has a version, by name. Without the cache, this is only slower."""
    names = sorted(entry.name for entry in entries(layout.data) if is_asset_name(entry.name))
    known = _read(layout)
    store, rows, new = DataStore(layout), list[Row](), list[tuple[str, str, str]]()
    settled = time.time_ns() - _SETTLED
    for name in names:
        stamp, row = known.get(name, ("", {}))
        changed, now = _stamp(layout, name, row.get("version"))
        if now is None or stamp != now:
            row = row_of(store, name)
            changed, now = _stamp(layout, name, row["version"])
            if now is not None and changed < settled and row["error"] is None:
                new.append((name, now, json.dumps(row)))
        if row["version"] is not None or row["error"] is not None:
            rows.append(row)
    if new or len(known) > 2 * len(names):
        _write(layout, new, set(known) - set(names))
    return rows


def row_of(store: DataStore, name: str) -> Row:
    """Return the latest version of a data asset as lists show it.

    The keys are ``name``, ``version`` (None without a version), ``versions`` (their number), ``aliases``, ``error``
    (why the asset cannot be read, or None), some fields of the record, and ``rows`` and ``columns`` (numbers, None if
    the asset is not a table).
    """
    row: Row = {"name": name, "version": None, "versions": 0, "aliases": {}, "error": None}
    try:
        versions = store.versions(name)
        row |= {"versions": len(versions), "aliases": store.aliases(name)}
        if versions:
            row["version"] = versions[-1]
            record = store.read(name, versions[-1])
            shown = ("type", "created", "files", "bytes", "hash", "description", "reference", "run", "output", "user")
            row |= {key: getattr(record, key) for key in shown}
            table = record.table
            row |= {"tags": dict(record.tags), "rows": None if table is None else table.rows}
            row["columns"] = None if table is None else len(table.columns)
    except (UserError, OSError) as error:
        row["error"] = str(storage_error(error) or error)
    return row


def _stamp(layout: Layout, name: str, version: int | None) -> tuple[int, str | None]:
    """Return when an asset's folder last changed, in nanoseconds, and its stamp, or None if the asset must be read."""
    folder = f"{layout.data}/{name}"
    try:
        state = os.stat(folder)  # noqa: PTH116 - ten thousand of them
        record = os.lstat(f"{folder}/{version}/{_RECORD}")
    except OSError:
        return 0, None
    try:
        aliases = os.lstat(AliasFile.path_in(folder))
        alias = f"{aliases.st_mtime_ns} {aliases.st_size}"
    except FileNotFoundError:
        alias = ""
    except OSError:
        return 0, None
    return state.st_mtime_ns, f"{state.st_mtime_ns} {record.st_mtime_ns} {record.st_size} {record.st_ino} {alias}"


def _read(layout: Layout) -> dict[str, tuple[str, Row]]:
    if not layout.index.exists() or not ownership.is_trusted(layout.root):
        return {}
    try:
        with contextlib.closing(connect(layout.index)) as database:
            rows = database.execute(f"SELECT name, stamp, row FROM {_TABLE}").fetchall()  # noqa: S608 - our own name
        values = json.loads("[" + ",".join(row for _, _, row in rows) + "]")
        pairs = zip(rows, values, strict=True)
        return {name: (stamp, value) for (name, stamp, _), value in pairs if value["name"] == name}
    except (
        sqlite3.Error,
        ValueError,
        TypeError,
        LookupError,
        OSError,
    ):  # missing, locked or damaged: the next list of runs replaces it
        return {}


def _write(layout: Layout, new: list[tuple[str, str, str]], gone: set[str]) -> None:
    if not ownership.is_trusted(layout.root):  # writing to a link would write to its target
        return
    with contextlib.suppress(sqlite3.Error, OSError):
        if not layout.index.exists():
            make_file(layout.index)
        with contextlib.closing(connect(layout.index)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (name TEXT PRIMARY KEY, stamp TEXT, row TEXT)")
            database.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?)", new)  # noqa: S608
            database.executemany(f"DELETE FROM {_TABLE} WHERE name = ?", [(name,) for name in gone])  # noqa: S608
