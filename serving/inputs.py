"""From the rows of a request to what the model takes, every fault named by row and column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serving.cells import read_cells
from serving.errors import ServingError, bad_input
from serving.frames import table
from serving.rows import Rows, check_width, column_name, word
from serving.schema import Schema

_SHOWN = 8


def check_rows(rows: Rows, most: int) -> None:
    """Refuse what is no list of rows, or too long a one."""
    if not isinstance(rows.values, list | np.ndarray):
        raise bad_input("no_rows", f"The rows are a list, not {word(rows.values)}")
    if len(rows.values) == 0:
        raise bad_input("empty", "There are no rows")
    if len(rows.values) > most:
        raise ServingError(413, "too_many_rows", f"{len(rows.values)} rows are more than the {most} of one request")


def model_input(schema: Schema, rows: Rows) -> Any:
    """Return the matrix, data frame or list that the model's methods take.

    Raises
    ------
    ServingError
        400, if the rows are not what the model takes.
    """
    if schema.kind == "texts":
        return _texts(rows)
    if schema.kind == "records":
        return _records(read_cells(schema, rows))
    rows = read_cells(schema, _by_name(schema, rows))
    if schema.kind == "frame":
        return table(schema, rows)
    return _numbers(schema, rows)


def _by_name(schema: Schema, rows: Rows) -> Rows:
    """Put the values of every row into the order of the model's features."""
    values, columns = rows.values, rows.columns
    if isinstance(values, list) and isinstance(values[0], Mapping):
        columns = list(schema.names or values[0])
        wanted = set(columns)
        for at, row in enumerate(values):
            if not isinstance(row, Mapping):
                raise bad_input("mixed_rows", f"Row {at} is {word(row)}, the rows before have named values", row=at)
            if row.keys() != wanted:
                raise _wrong_columns(list(row), columns, at)
        values = [[row[name] for name in columns] for row in values]
        return Rows(values, columns)
    if columns is None or schema.names is None:
        return rows
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise bad_input("double_column", f"Column {twice!r} is there twice", column=twice)
    if list(columns) == list(schema.names):
        return rows
    if set(columns) != set(schema.names):
        raise _wrong_columns(list(columns), list(schema.names), None)
    places = [list(columns).index(name) for name in schema.names]
    if isinstance(values, np.ndarray):
        return replace(rows, values=values[:, places], columns=schema.names)
    for at, row in enumerate(values):
        check_width(row, len(places), at)
    return replace(rows, values=[[row[place] for place in places] for row in values], columns=schema.names)


def _wrong_columns(there: list[str], wanted: list[str], row: int | None) -> ServingError:
    missing, unknown = [one for one in wanted if one not in there], [one for one in there if one not in wanted]
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(map(str, missing[:_SHOWN]))}")
    if unknown:
        parts.append(f"unknown: {', '.join(map(str, unknown[:_SHOWN]))}")
    where = f"Row {row}" if row is not None else "The request"
    return bad_input(
        "wrong_columns", f"{where} has other columns than the model: {'; '.join(parts)}", row=row,
        missing=missing or None, unknown=unknown or None,
    )  # fmt: skip


def _numbers(schema: Schema, rows: Rows) -> np.ndarray:
    try:
        array = np.asarray(rows.values)
    except ValueError:  # ragged
        array = None
    if array is None or array.dtype.kind not in "fiub" or array.ndim != 2:
        array = _cell_by_cell(schema, rows)
    elif schema.width is not None and array.shape[1] != schema.width:
        check_width(rows.values[0], schema.width, 0)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not math.isfinite(array.sum()):
        _check_finite(schema, array)
    return array


def _cell_by_cell(schema: Schema, rows: Rows) -> np.ndarray:
    """Build the matrix slowly, so that the first wrong value can be named."""
    width = schema.width
    if width is None:
        first = rows.values[0]
        width = len(first) if isinstance(first, list) else 1
    array = np.empty((len(rows.values), width))
    for at, row in enumerate(rows.values):
        check_width(row, width, at)
        for place, value in enumerate(row):
            array[at, place] = _number(schema, value, at, place)
    return array


def _number(schema: Schema, value: Any, row: int, place: int) -> float:
    column = column_name(schema, place)
    if value is None:
        if schema.missing:
            return math.nan
        raise bad_input(
            "missing_value", f"Row {row}, column {column}: no value, and the model needs one", row=row, column=column
        )
    if isinstance(value, int | float | np.number):
        try:
            return float(value)
        except OverflowError:
            raise bad_input(
                "too_large", f"Row {row}, column {column}: too large a number", row=row, column=column
            ) from None
    raise bad_input("wrong_type", f"Row {row}, column {column}: {word(value)} is no number", row=row, column=column)


def _check_finite(schema: Schema, array: np.ndarray) -> None:
    wrong = ~np.isfinite(array) if not schema.missing else np.isinf(array)
    if wrong.any():
        row, place = (int(one) for one in np.argwhere(wrong)[0])
        column, value = column_name(schema, place), "NaN" if np.isnan(array[row, place]) else "Infinity"
        raise bad_input(
            "not_finite", f"Row {row}, column {column}: the model does not take {value}", row=row, column=column
        )


def _texts(rows: Rows) -> list[str]:
    found = []
    for at, row in enumerate(rows.values):
        value = row
        if isinstance(row, Mapping) and len(row) == 1:
            value = next(iter(row.values()))
        elif isinstance(row, list | np.ndarray) and len(row) == 1:
            value = row[0]
        if not isinstance(value, str):
            raise bad_input("wrong_type", f"Row {at} is {word(value)}, not a text", row=at)
        found.append(str(value))
    return found


def _records(rows: Rows) -> list[Any]:
    found = []
    for at, row in enumerate(rows.values):
        if isinstance(row, Mapping):
            found.append(dict(row))
        elif isinstance(row, list) and rows.columns is not None and len(row) == len(rows.columns):
            found.append(dict(zip(rows.columns, row, strict=True)))
        elif isinstance(row, list) and rows.columns is None and len(row) == 1 and isinstance(row[0], Mapping):
            found.append(dict(row[0]))
        else:
            raise bad_input("wrong_type", f"Row {at} is {word(row)}, not a mapping from name to value", row=at)
    return found
