"""Columns of a file that the model does not use: an index, and those that are copied to the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runner.errors import UserError, nearest
from serving.data.rows import Rows, check_width
from serving.data.schema import Schema

_INDEX = ("", "Unnamed: 0")  # pandas' name of an unnamed index, in a file and after reading one


def without_index(schema: Schema, rows: Rows) -> Rows:
    """Drop the index that pandas writes as an unnamed first column, in any form of named rows."""
    columns = rows.columns
    if columns is None and isinstance(rows.values[0], Mapping):
        columns = list(rows.values[0])
    if not columns or len(columns) == 1 or columns[0] not in _INDEX or columns[0] in (schema.names or ()):
        return rows
    return _without(rows, {columns[0]})


def split_columns(rows: Rows, names: Sequence[str]) -> tuple[Rows, list[list[Any]]]:
    """Return the rows without the given columns, and the values of these columns, a list per row.

    Raises
    ------
    UserError
        If the rows lack one of the columns.
    """
    if not names:
        return rows, [[] for _ in range(len(rows))]
    if rows.columns is not None:
        places = [_place(name, list(rows.columns)) for name in names]
        return _without(rows, set(names)), [[row[place] for place in places] for row in rows.values]
    kept = []
    for row in rows.values:
        keys = list(row) if isinstance(row, Mapping) else []
        kept.append([row[keys[_place(name, keys)]] for name in names])
    return _without(rows, set(names)), kept


def _place(name: str, columns: list[str]) -> int:
    if name not in columns:
        raise UserError(f"--keep: the rows have no column {name}", nearest(name, columns))
    return columns.index(name)


def _without(rows: Rows, names: set[str]) -> Rows:
    if rows.columns is None:
        values = [_without_keys(row, names) if isinstance(row, Mapping) else row for row in rows.values]
        return replace(rows, values=values)
    places = [at for at, name in enumerate(rows.columns) if name not in names]
    if isinstance(rows.values, np.ndarray):
        return replace(rows, values=rows.values[:, places], columns=[rows.columns[place] for place in places])
    for at, row in enumerate(rows.values):
        check_width(row, len(rows.columns), at)
    values = [[row[place] for place in places] for row in rows.values]
    return replace(rows, values=values, columns=[rows.columns[place] for place in places])


def _without_keys(row: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: row[name] for name in row if name not in names}
