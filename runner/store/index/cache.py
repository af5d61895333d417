"""Brings the cache on disk up to date with the records, and opens a private copy of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.access import ownership
from runner.io.sqlite_cache import connect, is_damage
from runner.layout import Layout
from runner.store.index.folders import RunFolders, stamp_of
from runner.store.index.table import Row, RunTable

_BLOCK = 1000  # records that are compared and read at once
_AFTER_ALL = "0"  # in place of the slash before a name: it sorts after all names of a folder


def open_copy(layout: Layout, folders: RunFolders) -> tuple[sqlite3.Connection, set[str]]:
    """Return a copy of the cache, in which every record has its row, and the paths of folders without a record.

    A damaged cache is rebuilt. If it is locked or cannot be written, or the workspace is not trusted, all records
    are read into the copy. The copy is a temporary file of SQLite.
    """
    if ownership.is_trusted(layout.root):  # writing to a link would write to its target
        for _ in range(2):
            try:
                return _cached(layout, folders)
            except (sqlite3.DatabaseError, ValueError) as error:  # ValueError: of a damaged row
                if isinstance(error, sqlite3.Error) and not is_damage(error):
                    break
                with contextlib.suppress(OSError):
                    layout.index.unlink(missing_ok=True)
            except OSError:
                break
    try:
        return _uncached("", layout, folders)
    except sqlite3.OperationalError:  # no folder for temporary files has room
        return _uncached(":memory:", layout, folders)


def _cached(layout: Layout, folders: RunFolders) -> tuple[sqlite3.Connection, set[str]]:
    if not layout.index.exists():
        from runner.io.files import make_file

        make_file(layout.index)
    with contextlib.closing(connect(layout.index, isolation_level=None)) as shared:
        recordless = _compare(RunTable(shared), layout.root, folders)
        copy = _connect("")
        try:
            shared.backup(copy)
        except BaseException:
            copy.close()
            raise
    return copy, recordless


def _uncached(place: str, layout: Layout, folders: RunFolders) -> tuple[sqlite3.Connection, set[str]]:
    copy = _connect(place)
    try:
        return copy, _compare(RunTable(copy), layout.root, folders)
    except BaseException:
        copy.close()
        raise


def _connect(place: str) -> sqlite3.Connection:
    """Return a private database of this process, which need not survive a crash."""
    database = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = MEMORY")
    return database


def _compare(table: RunTable, root: Path, folders: RunFolders) -> set[str]:
    """Bring a table up to date with all records, and return the folders that have none."""
    table.create()
    recordless = set[str]()
    for after, until, paths in _blocks(folders):
        known = table.stamps_between(after, until)
        stamps = {path: stamp for path in paths if (stamp := stamp_of(f"{root}/{path}")) is not None}
        recordless.update(path for path in paths if path not in stamps)
        new = [(path, stamp) for path, stamp in stamps.items() if known.get(path) != stamp]
        gone = [path for path in known if path not in stamps]
        if new or gone:
            rows = [(path, stamp, read_row(root / path)) for path, stamp in new]
            with table.transaction():
                table.delete(gone)
                table.write(rows)
    return recordless


def _blocks(folders: RunFolders) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield blocks of folders in the order of their paths, each with its bounds: after the first, up to the second.

    Together the bounds cover all paths, so the row of a removed folder is within one of them.
    """
    after = ""
    for group, names in folders.in_order():
        for at in range(0, len(names), _BLOCK):
            paths = [f"{group}/{name}" for name in names[at : at + _BLOCK]]
            yield after, paths[-1], paths
            after = paths[-1]
    yield after, f"{Layout.runs}{_AFTER_ALL}", ()


def read_row(folder: Path) -> Row | None:
    """Return the row of the run in a folder, None if its record cannot be read."""
    from runner.store.index import rows  # slow to import, and the cache often has all rows

    return rows.read_row(folder)
