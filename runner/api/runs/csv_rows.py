"""Rows of runs as a table with a column for each parameter, metric and tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from runner.store.index.expression import OWNERS

__all__ = ["FIELDS", "OWNERS", "USUAL", "columns_of", "value_of", "write_csv"]

Row = Mapping[str, Any]
USUAL = ("id", "status", "params", "metrics", "duration", "created", "model", "experiment")
FIELDS = (*USUAL, "ended", "display_name", "error", "tags", "user", "note", "archived")


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Return the columns of some rows: the fields, then ``params.NAME``, ``metrics.NAME`` and ``tags.NAME``."""
    columns = [name for name in FIELDS if name not in OWNERS]
    for owner in OWNERS:
        columns += [f"{owner}.{name}" for name in sorted({name for row in rows for name in row[owner]})]
    return columns


def value_of(row: Row, column: str) -> Any:
    """Return a row's value in a column, or None."""
    owner, dot, name = column.partition(".")
    return row[owner].get(name) if dot and owner in OWNERS else row.get(column)


def write_csv(rows: Sequence[Row], columns: Sequence[str] | None, file: TextIO) -> None:
    """Write rows as CSV, with all columns unless some are given."""
    import csv

    columns = columns_of(rows) if columns is None else columns
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if (value := value_of(row, name)) is None else value for name in columns] for row in rows)
