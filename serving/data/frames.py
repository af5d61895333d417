"""Builds a model's table from rows of any values. Each value is checked against its column."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np

from serving.data.columns import ANY, CATEGORY, DATE, NUMBER, TEXT, Column, is_missing
from serving.data.rows import Rows, check_width, shown, word, wrong_cell
from serving.data.schema import Schema
from serving.errors import bad_input, listed, quoted

_MANY = (list, tuple, dict, np.ndarray)


def table(schema: Schema, rows: Rows) -> Any:
    """Return a data frame, or a matrix if the model was fitted without names.

    Raises
    ------
    ServingError
        400, naming the row and column of the first invalid value.
    """
    names = schema.names if not schema.is_open else _open_names(schema, rows)
    width = schema.width
    if names is None and width is None and not any(isinstance(row, _MANY) for row in rows.values):
        return _vector(rows.values)  # one value per row, which a user's own model may accept
    if width is None or names is not schema.names:
        width = len(names) if names is not None else _length(rows.values[0])
    for at, row in enumerate(rows.values):
        check_width(row, width, at)
    is_own = names is None if schema.names is None else names is not None and tuple(names) == schema.names
    anything = Column(ANY, as_objects=schema.as_objects and schema.names is None)
    columns = schema.columns if schema.columns and is_own else (anything,) * width
    lists = zip(*rows.values, strict=True)
    checked = [_checked(schema, place, columns[place], values) for place, values in enumerate(lists)]
    if names is None:
        return _matrix(checked, as_objects=schema.as_objects)
    import pandas as pd

    made = zip(names, columns, checked, strict=True)
    return pd.DataFrame({name: _series(pd, name, column, values) for name, column, values in made})


def _open_names(schema: Schema, rows: Rows) -> Any:
    """Return the column names of rows that the model's first step checks itself, or None if they have no names."""
    if rows.columns is not None:
        return rows.columns
    return schema.names if schema.names is not None and _length(rows.values[0]) == len(schema.names) else None


def _length(row: Any) -> int:
    return len(row) if isinstance(row, list | tuple | np.ndarray) else 1


def _checked(schema: Schema, place: int, column: Column, values: tuple[Any, ...]) -> list[Any]:
    """Return a column's values, with the model's marker for missing ones."""
    known = column.known
    checked: list[Any] = []
    for at, value in enumerate(values):
        if is_missing(value):
            if not column.missing:
                raise wrong_cell(schema, at, place, "missing_value", "the value is missing, and the model needs one")
            checked.append(column.marker)
            continue
        fault = _fault(column, known, value)
        if fault is not None:
            raise wrong_cell(schema, at, place, *fault)
        checked.append(value)
    return checked


def _fault(column: Column, known: set[Any], value: Any) -> tuple[str, str] | None:
    """Return the code and the description of a value's error, or None."""
    if isinstance(value, list | dict | np.ndarray):
        return "wrong_type", f"{word(value)} is not a single value"
    if column.kind == NUMBER:
        if not isinstance(value, int | float | np.number | np.bool_):
            return "wrong_type", f"{shown(value)} is not a number"
        if not _is_finite(value):
            return "not_finite", "the model does not take Infinity"
    elif column.kind in (TEXT, DATE) and not isinstance(value, str):
        return "wrong_type", f"{shown(value)} is not a string"
    elif column.kind == DATE and not _is_date(value):
        return "no_date", f"{quoted(value)} is not a date or time, such as 2026-03-01 or 2026-03-01T12:00:00"
    elif column.kind == CATEGORY and not column.others and value not in known:
        return "unknown_category", f"{quoted(value)} is not one of the model's categories: {listed(column.categories)}"
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that is too large for a float
        return False


def _series(pd: Any, name: str, column: Column, values: list[Any]) -> Any:
    if column.kind == NUMBER:
        return np.array(values, dtype=np.float64)
    if column.kind == DATE:
        try:
            times = pd.to_datetime(values, format="ISO8601", utc=column.in_utc)
            return pd.Series(times.tz_localize(None) if column.in_utc else times)
        except ValueError as error:  # mixed time zones, or out of pandas' range
            raise bad_input("no_date", f"Column {quoted(name)}: {error}", column=name) from None
    if column.as_category:
        return pd.Series(pd.Categorical(values, categories=list(column.categories)))
    if column.as_objects or (column.kind == CATEGORY and not column.of_numbers):
        return pd.Series(values, dtype=object)
    return pd.Series(values)


def _vector(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array if array.dtype.kind in "fiub" else np.array(values, dtype=object)


def _matrix(columns: list[list[Any]], *, as_objects: bool) -> np.ndarray:
    """Return a matrix of numbers if all values are numbers, else of objects, as a caller in Python would pass it."""
    rows = list(zip(*columns, strict=True))
    array = np.asarray(rows)
    if array.dtype.kind in "fiub" and not as_objects:
        return array
    return np.array(rows, dtype=object)
