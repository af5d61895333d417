"""A cache for listing runs: an SQLite file that is rebuilt when it is missing, damaged or stale."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.access import ownership
from runner.errors import UserError, nearest
from runner.io.json_records import warn_once
from runner.layout import Layout, RunLayout
from runner.statuses import TERMINAL
from runner.store.expression import OWNERS, compile_where
from runner.store.finding import entries

_VERSION = 4
_RECORD = str(RunLayout.record)
_NAN, _INFINITE = "NaN", {"Infinity": math.inf, "-Infinity": -math.inf}  # as in records
_TABLE = "CREATE TABLE IF NOT EXISTS runs (path TEXT PRIMARY KEY, stamp TEXT, created TEXT, row TEXT)"


class RunIndex:
    """Rows of all runs. A record is read again only when its file's time or size has changed."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._left_out: list[str] = []

    def all(self) -> list[dict[str, Any]]:
        """Return the rows of all runs, newest first. If the cache cannot be written, listing is only slower."""
        rows = self._all()
        for row in rows:
            if row["status"] not in TERMINAL:  # its record does not change while it logs
                from runner.store.rows import metrics_so_far

                row["metrics"] = row["metrics"] or metrics_so_far(self.layout.run(row["experiment"], row["id"]))
        return rows

    def _all(self) -> list[dict[str, Any]]:
        if not ownership.is_trusted(self.layout.root):  # writing to a link would write to its target
            return self._uncached()
        try:
            return self._cached()
        except (sqlite3.DatabaseError, ValueError):  # the latter in a row
            with contextlib.suppress(OSError):
                self.layout.index.unlink(missing_ok=True)
        except OSError:
            return self._uncached()
        try:
            return self._cached()
        except (sqlite3.DatabaseError, ValueError, OSError):
            return self._uncached()

    def _uncached(self) -> list[dict[str, Any]]:
        return self._sorted({path: _read_row(self.layout.root / path) for path in self._stamps()})

    def unreadable(self) -> list[str]:
        """Return the problem of each record that `all` skipped."""
        problems = []
        for folder in self._left_out:
            from runner.store.runs import read_record

            try:
                read_record(self.layout.root / folder)
            except UserError as error:
                problems.append(str(error))
        return problems

    def _stamps(self) -> dict[str, str]:
        """Return each record's file and a stamp that changes with it."""
        found: dict[str, str] = {}
        for group in entries(self.layout.runs):
            for run in entries(group.path):
                if run.name[0] == ".":
                    continue
                try:
                    state = os.lstat(f"{run.path}/{_RECORD}")
                except OSError:
                    continue
                path = f"{Layout.runs}/{group.name}/{run.name}"
                if path.isascii():  # other names are not runs and may not be valid text
                    found[path] = f"{state.st_mtime_ns} {state.st_size} {state.st_ino}"
                else:
                    warn_once(path, f"{run.path} is skipped: it is not named like a run")
        return found

    def _cached(self) -> list[dict[str, Any]]:
        if not self.layout.index.exists():
            from runner.io.files import make_file

            make_file(self.layout.index)
        database = sqlite3.connect(self.layout.index, timeout=30)
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                database.execute("DROP TABLE IF EXISTS runs")
                database.execute(f"PRAGMA user_version = {_VERSION}")
            database.execute(_TABLE)
            known = {path: (stamp, row) for path, stamp, row in database.execute("SELECT path, stamp, row FROM runs")}
            stamps = self._stamps()
            gone = [(path,) for path in known if path not in stamps]
            new = []
            for path, stamp in stamps.items():
                if path not in known or known[path][0] != stamp:
                    row = _read_row(self.layout.root / path)
                    text = json.dumps(row)
                    known[path] = (stamp, text)
                    new.append((path, stamp, row["created"] if row else "", text))
            if gone or new:
                with database:
                    database.executemany("DELETE FROM runs WHERE path = ?", gone)
                    database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", new)
            texts = [known[path][1] for path in stamps]
        finally:
            database.close()
        rows = json.loads("[" + ",".join(texts) + "]")  # parsing once is several times faster than ten thousand times
        return self._sorted(dict(zip(stamps, rows, strict=True)))

    def _sorted(self, rows: Mapping[str, dict[str, Any] | None]) -> list[dict[str, Any]]:
        self._left_out = [path for path, row in rows.items() if row is None]
        return sorted((row for row in rows.values() if row), key=lambda row: (row["created"], row["id"]), reverse=True)


def select(
    rows: list[dict[str, Any]],
    *,
    experiment: str | None = None,
    status: str | None = None,
    tags: Mapping[str, str] | None = None,
    where: str | None = None,
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return the matching rows in their order, or sorted by a field or metric, largest first unless `reverse`.

    Runs without a number to sort by always come last.

    Raises
    ------
    UserError
        If `where` is not a comparison, or no row has the named field, sort key or experiment.
    """
    test = compile_where(where, rows) if where else None
    experiments = {row["experiment"] for row in rows}
    if experiment is not None and rows and experiment not in experiments:
        raise UserError(f"No run belongs to experiment '{experiment}'", nearest(experiment, sorted(experiments)))
    found = [
        row
        for row in rows
        if (experiment is None or row["experiment"] == experiment)
        and (status is None or row["status"] == status)
        and all(row["tags"].get(key) == value for key, value in (tags or {}).items())
        and (test is None or test(row))
    ]
    if sort is not None:
        found = _by(found, sort, reverse=reverse)
    elif reverse:
        found.reverse()
    return found[:limit] if limit else found


def _by(rows: list[dict[str, Any]], name: str, *, reverse: bool) -> list[dict[str, Any]]:
    """Sort by a field or a metric. Non-numeric values come after numbers, and missing ones last."""
    owner, dot, inner = name.partition(".")

    def value(row: dict[str, Any]) -> Any:
        if dot and owner in OWNERS and inner in row[owner]:
            return row[owner][inner]
        return row[name] if name in row and name not in OWNERS else row["metrics"].get(name)

    having = [row for row in rows if value(row) is not None]
    if rows and not having:
        raise UserError(f"--sort {name}: no run has a field or metric of that name")
    there = [row for row in having if value(row) != _NAN]
    there.sort(key=lambda row: _comparable(value(row)), reverse=True)
    if reverse:
        there.reverse()
    return [*there, *(row for row in having if value(row) == _NAN), *(row for row in rows if value(row) is None)]


def _comparable(value: Any) -> tuple[int, Any]:
    """Make words and numbers comparable; numbers sort after words."""
    number = _INFINITE.get(value, value) if isinstance(value, str) else value
    return (1, number) if isinstance(number, int | float) else (0, str(value))


def _read_row(folder: Path) -> dict[str, Any] | None:
    from runner.store.rows import read_row  # slow to import, and the cache often has all rows

    return read_row(folder)
