"""Converts the rows of a request to a model's input. Errors name the row and the column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from serving.data.cells import read_cells
from serving.data.frames import table
from serving.data.kept_columns import without_index
from serving.data.rows import Rows, check_width, numbered, shown, word, wrong_cell
from serving.data.schema import Schema
from serving.errors import ServingError, bad_input, count, listed, quoted


def check_rows(rows: Rows, max_rows: int) -> None:
    """Check that the value is a list of rows and has at most `max_rows` rows.

    Raises
    ------
    ServingError
        400 if it is not a list or is empty, 413 if it has more rows.
    """
    if not isinstance(rows.values, list | np.ndarray):
        raise bad_input("no_rows", f"The rows are {word(rows.values)}, not a list")
    if len(rows.values) == 0:
        raise bad_input("empty", "The request has no rows")
    if len(rows.values) > max_rows:
        raise ServingError(413, "too_many_rows", f"The request has {len(rows.values)} rows. {max_rows} are allowed")


def model_input(schema: Schema, rows: Rows) -> Any:
    """Return the matrix, data frame or list for the model's methods.

    Raises
    ------
    ServingError
        400, if the rows do not match the schema.
    """
    rows = without_index(schema, rows)
    if schema.kind == "texts":
        texts = _texts(schema, rows)
        return _series(texts) if schema.as_series else texts
    if schema.kind == "records":
        return _records(read_cells(schema, rows))
    if schema.kind in ("list", "values"):
        return _plain(schema, read_cells(schema, rows))
    rows = read_cells(schema, _by_name(schema, rows))
    if schema.kind == "frame":
        return table(schema, rows)
    return _numbers(schema, rows)


def _by_name(schema: Schema, rows: Rows) -> Rows:
    """Put each row's values in the order of the model's features."""
    if isinstance(rows.values, list) and isinstance(rows.values[0], Mapping):
        rows = _listed(schema, rows.values)
    columns = rows.columns
    if columns is None:
        return rows
    columns = _spelled(schema, columns)
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise _duplicate_column(twice)
    wanted = _column_order(schema, columns)
    if wanted is None or list(columns) == wanted:
        return replace(rows, columns=columns)
    if set(columns) != set(wanted):
        raise _wrong_columns(schema, list(columns), wanted, None)
    places = [list(columns).index(name) for name in wanted]
    if isinstance(rows.values, np.ndarray):
        return replace(rows, values=rows.values[:, places], columns=wanted)
    for at, row in enumerate(rows.values):
        check_width(row, len(places), at)
    return replace(rows, values=[[row[place] for place in places] for row in rows.values], columns=wanted)


def _listed(schema: Schema, values: list[Any]) -> Rows:
    """Convert mappings to lists, in the order of the model's names if they are known, else of the first row."""
    columns = list(schema.names) if schema.names is not None and not schema.is_open else list(values[0])
    wanted = set(columns)
    if schema.respelled:
        values = [_respelled(schema, row) if isinstance(row, Mapping) else row for row in values]
    for at, row in enumerate(values):
        if not isinstance(row, Mapping):
            raise bad_input("mixed_rows", f"{numbered(at)} is {shown(row)}, but row 1 is an object", row=at)
        if row.keys() != wanted:
            raise _wrong_columns(schema, list(row), columns, at)
    return Rows([[row[name] for name in columns] for row in values], columns)


def _spelled(schema: Schema, names: Sequence[str]) -> Sequence[str]:
    """Return names in the model's spelling: LightGBM replaces spaces by ``_``."""
    if not schema.respelled or schema.names is None:
        return names
    known = set(schema.names)
    return [name if name in known else str(name).replace(" ", "_") for name in names]


def _respelled(schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    names = _spelled(schema, list(row))
    respelled = dict(zip(names, row.values(), strict=True))
    if len(respelled) != len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise _duplicate_column(twice)
    return respelled


def _duplicate_column(name: str) -> ServingError:
    return bad_input("double_column", f"Column {quoted(name)} occurs twice", column=name)


def _column_order(schema: Schema, columns: Sequence[str]) -> list[str] | None:
    """Return the column names in the order of the model's features, or None if any names are accepted.

    For a model that was fitted without names, the names are the column numbers.
    """
    width = schema.width if schema.width is not None else len(columns)
    names = list(schema.names) if schema.names is not None else [str(place) for place in range(width)]
    return None if schema.is_open and set(columns) != set(names) else names


def _wrong_columns(schema: Schema, present: list[str], wanted: list[str], row: int | None) -> ServingError:
    missing, unknown = (
        [name for name in wanted if name not in present],
        [name for name in present if name not in wanted],
    )
    parts = []
    if missing:
        parts.append(f"missing: {listed(missing)}")
    if unknown:
        parts.append(f"unknown: {listed(unknown)}")
    where = numbered(row) if row is not None else "The request"
    message = f"{where} has other columns than {'row 1' if schema.is_open else 'the model'}: {'; '.join(parts)}"
    if schema.names is None and not schema.is_open:
        message += ". The model was fitted without column names, so its columns are numbered from 0"
    return bad_input("wrong_columns", message, row=row, missing=missing or None, unknown=unknown or None)


def _numbers(schema: Schema, rows: Rows) -> np.ndarray:
    try:
        array = np.asarray(rows.values)
    except ValueError:  # rows of different lengths
        array = None
    if array is None or array.dtype.kind not in "fiub" or array.ndim != 2:
        array = _cell_by_cell(schema, rows)
    elif schema.width is not None and array.shape[1] != schema.width:
        check_width(rows.values[0], schema.width, 0)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not math.isfinite(array.sum()):
        _check_finite(schema, array)
        if not math.isnan(schema.marker):
            array = np.where(np.isnan(array), schema.marker, array)
    return array


def _cell_by_cell(schema: Schema, rows: Rows) -> np.ndarray:
    """Build the matrix value by value, which is slow, to find the first invalid one."""
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
    if value is None:
        if schema.missing:
            return schema.marker
        raise wrong_cell(schema, row, place, "missing_value", "the value is missing, and the model needs one")
    if isinstance(value, int | float | np.number):
        try:
            return float(value)
        except OverflowError:
            raise wrong_cell(schema, row, place, "too_large", "the number is too large") from None
    raise wrong_cell(schema, row, place, "wrong_type", f"{shown(value)} is not a number")


def _check_finite(schema: Schema, array: np.ndarray) -> None:
    wrong = ~np.isfinite(array) if not schema.missing else np.isinf(array)
    if wrong.any():
        row, place = (int(index) for index in np.argwhere(wrong)[0])
        value = "NaN" if np.isnan(array[row, place]) else "Infinity"
        raise wrong_cell(schema, row, place, "not_finite", f"the model does not take {value}")


def _texts(schema: Schema, rows: Rows) -> list[str]:
    if rows.columns is not None and len(rows.columns) != 1:
        raise _one_text(list(rows.columns), None)
    empty = " (an empty cell or a word such as NA)" if rows.texts else ""
    texts = []
    for at, row in enumerate(read_cells(schema, rows).values):
        value = row
        if isinstance(row, Mapping) and len(row) == 1:
            value = next(iter(row.values()))
        elif isinstance(row, list | np.ndarray) and len(row) == 1:
            value = row[0]
        elif isinstance(row, Mapping):
            raise _one_text(list(row), at)
        if not isinstance(value, str):
            raise bad_input("wrong_type", f"{numbered(at)} is {word(value)}{empty}, not a text", row=at)
        texts.append(str(value))
    return texts


def _one_text(columns: list[str], row: int | None) -> ServingError:
    where = numbered(row) if row is not None else "The request"
    names = f": {listed(columns)}" if columns else ""
    message = f"{where} has {count(len(columns), 'column')}, but the model takes one text per row{names}"
    return bad_input("wrong_columns", message, row=row)


def _series(texts: list[str]) -> Any:
    import pandas as pd

    return pd.Series(texts)


def _plain(schema: Schema, rows: Rows) -> list[Any]:
    """Return rows unchanged. Rows of a table become mappings, or plain values if it has one column.

    The model itself checks them.
    """
    values = rows.values.tolist() if isinstance(rows.values, np.ndarray) else rows.values
    if rows.columns is None:
        alone = schema.kind == "values"
        return [row[0] if alone and isinstance(row, list) and len(row) == 1 else row for row in values]
    for at, row in enumerate(values):
        check_width(row, len(rows.columns), at)
    if len(rows.columns) == 1:
        return [row[0] for row in values]
    return [dict(zip(rows.columns, row, strict=True)) for row in values]


def _records(rows: Rows) -> list[Any]:
    records = []
    for at, row in enumerate(rows.values):
        if isinstance(row, Mapping):
            records.append(dict(row))
        elif isinstance(row, list) and rows.columns is not None and len(row) == len(rows.columns):
            records.append(dict(zip(rows.columns, row, strict=True)))
        elif isinstance(row, list) and rows.columns is None and len(row) == 1 and isinstance(row[0], Mapping):
            records.append(dict(row[0]))
        else:
            raise bad_input("wrong_type", f"{numbered(at)} is {shown(row)}, not an object of names and values", row=at)
    return records
