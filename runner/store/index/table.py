"""The rows of runs in an SQLite database. Of 100,000 runs only those that a page shows are in memory."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.statuses import STATUSES, TERMINAL

Row = dict[str, Any]
_VERSION = 7
_BLOCK = 500  # rows that are parsed at once
_LONG_NUMBER = re.compile(r"(?<![.\d])\d{19}")  # an integer that orjson may read as a float
_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, path TEXT UNIQUE, stamp TEXT, readable INTEGER, over INTEGER, archived INTEGER,
    experiment TEXT, status TEXT, created TEXT, id TEXT, quick INTEGER, row TEXT
)"""
_ORDER = "CREATE INDEX IF NOT EXISTS by_time ON runs (created, id, readable, archived, over, status, experiment)"
_WRITE = """
INSERT INTO runs (path, stamp, readable, over, archived, experiment, status, created, id, quick, row)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET stamp = excluded.stamp, readable = excluded.readable, over = excluded.over,
    archived = excluded.archived, experiment = excluded.experiment, status = excluded.status,
    created = excluded.created, id = excluded.id, quick = excluded.quick, row = excluded.row"""


@dataclass(frozen=True)
class Filter:
    """The runs to return: those that can be read, with these values where they are not None."""

    experiment: str | None = None
    status: str | None = None
    archived: bool | None = None
    ids: tuple[str, ...] | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """Return an SQL condition and its values."""
        parts, values = ["readable"], list[Any]()
        for name in ("experiment", "status", "archived"):
            if (value := getattr(self, name)) is not None:
                parts.append(f"{name} = ?")
                values.append(value)
        if self.ids is not None:
            parts.append("id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self.ids))
        return " AND ".join(parts), values


class RunTable:
    """The rows in a database, each with the path of its run's folder and a stamp of its record."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def create(self) -> None:
        """Create the table. A table of another version is replaced."""
        if self._one("PRAGMA user_version") != _VERSION:
            self._database.execute("DROP TABLE IF EXISTS runs")
            self._database.execute(f"PRAGMA user_version = {_VERSION}")
        self._database.execute(_TABLE)
        self._database.execute(_ORDER)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply all changes of a block, or none."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def write(self, rows: Iterable[tuple[str, str, Row | None]]) -> None:
        """Write paths with their stamps and rows. The row of a record that cannot be read is None."""
        self._database.executemany(_WRITE, (_columns(*row) for row in rows))

    def delete(self, paths: Iterable[str]) -> None:
        """Remove rows by their paths."""
        self._database.executemany("DELETE FROM runs WHERE path = ?", ((path,) for path in paths))

    def stamp(self, path: str) -> str | None:
        """Return the stamp of a path, None if there is none."""
        row = self._database.execute("SELECT stamp FROM runs WHERE path = ?", (path,)).fetchone()
        return str(row[0]) if row else None

    def stamps_between(self, after: str, until: str) -> dict[str, str]:
        """Return the stamps of the paths after one and up to another."""
        return dict(self._database.execute("SELECT path, stamp FROM runs WHERE path > ? AND path <= ?", (after, until)))

    def stamps_after(self, number: int, count: int) -> list[tuple[int, str, str]]:
        """Return numbers, paths and stamps of the rows after a number."""
        query = "SELECT number, path, stamp FROM runs WHERE number > ? ORDER BY number LIMIT ?"
        return self._database.execute(query, (number, count)).fetchall()

    def not_over(self) -> dict[str, Row]:
        """Return the rows of runs that have not ended, by path."""
        rows = self._database.execute("SELECT path, quick, row FROM runs WHERE readable AND NOT over").fetchall()
        return dict(zip((path for path, _, _ in rows), parse([(quick, row) for _, quick, row in rows]), strict=True))

    def unreadable(self) -> set[str]:
        """Return the paths of records that cannot be read."""
        return {path for (path,) in self._database.execute("SELECT path FROM runs WHERE NOT readable")}

    def experiments(self) -> list[str]:
        """Return the experiments that have a row, sorted."""
        rows = self._database.execute("SELECT DISTINCT experiment FROM runs WHERE readable ORDER BY experiment")
        return [experiment for (experiment,) in rows]

    def count(self, chosen: Filter) -> int:
        """Return the number of rows that match."""
        condition, values = chosen.condition()
        return int(self._one(f"SELECT count(*) FROM runs WHERE {condition}", values))  # noqa: S608 - no value in it

    def numbers(self, chosen: Filter, *, oldest_first: bool, limit: int | None, offset: int) -> Sequence[int]:
        """Return the numbers of rows in the order of time."""
        condition, values = chosen.condition()
        rows = self._database.execute(
            f"SELECT number FROM runs WHERE {condition} {_by_time(oldest_first)} LIMIT ? OFFSET ?",  # noqa: S608
            [*values, -1 if limit is None else limit, offset],
        )
        return array("q", (number for (number,) in rows))

    def read(self, numbers: Sequence[int]) -> list[Row]:
        """Return the rows of some numbers, in their order, without those that are gone."""
        by_number = dict[int, Row]()
        for at in range(0, len(numbers), _BLOCK):
            block = json.dumps(list(numbers[at : at + _BLOCK]))
            rows = self._database.execute(
                "SELECT number, quick, row FROM runs WHERE number IN (SELECT value FROM json_each(?))", (block,)
            ).fetchall()
            by_number.update(_numbered(rows))
        return [by_number[number] for number in numbers if number in by_number]

    def each(self, chosen: Filter) -> Iterator[tuple[int, Row]]:
        """Yield numbers and rows, newest first; few are in memory at a time."""
        condition, values = chosen.condition()
        cursor = self._database.execute(
            f"SELECT number, quick, row FROM runs WHERE {condition} {_by_time(False)}",  # noqa: S608
            values,
        )
        while block := cursor.fetchmany(_BLOCK):
            yield from _numbered(block)

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        return self._database.execute(query, values).fetchone()[0]


def _numbered(rows: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, Row]]:
    return zip((number for number, _, _ in rows), parse([(quick, row) for _, quick, row in rows]), strict=True)


def _by_time(oldest_first: bool) -> str:
    way = "ASC" if oldest_first else "DESC"
    return f"ORDER BY created {way}, id {way}"


def _columns(path: str, stamp: str, row: Row | None) -> tuple[Any, ...]:
    """Return the values of the columns. Experiment and id are those of the folder."""
    _, experiment, run_id = path.split("/")
    if row is None:
        return path, stamp, False, True, False, experiment, None, None, run_id, False, None
    text, status = json.dumps(row), row["status"] if row["status"] in STATUSES else None
    over, archived, quick = status in TERMINAL, bool(row["archived"]), _LONG_NUMBER.search(text) is None
    return path, stamp, True, over, archived, experiment, status, row["created"], run_id, quick, text


def parse(rows: Sequence[tuple[int, str]]) -> list[Row]:
    """Return rows from their JSON. Each text comes with a flag: whether orjson reads it exactly as json does.

    The rows of a block are parsed at once, which is several times faster than one by one.
    """
    import orjson

    text = "[" + ",".join(row for _, row in rows) + "]"
    if all(quick for quick, _ in rows):
        try:
            return list(orjson.loads(text))
        except orjson.JSONDecodeError:  # NaN, or half of a surrogate pair
            pass
    return list(json.loads(text))


def names_in(rows: Iterable[Mapping[str, Any]], owners: Sequence[str]) -> dict[str, set[str]]:
    """Return the names of parameters, metrics and tags that some rows have."""
    names: dict[str, set[str]] = {owner: set() for owner in owners}
    for row in rows:
        for owner in owners:
            names[owner].update(row[owner])
    return names
