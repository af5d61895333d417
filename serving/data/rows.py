"""The rows of a request as a protocol parses them, and messages for invalid ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.data.schema import Schema
from serving.errors import ServingError, bad_input, count, quoted, shortened


@dataclass(frozen=True)
class Rows:
    """Rows as a protocol parses them.

    Parameters
    ----------
    values : list or ndarray
        A list of rows. A row is a list of values, a mapping from column to value, or a single string.
    columns : sequence of str or None
        The column names, if the request gives them.
    texts : bool
        Whether all values are texts that the model's columns interpret: the cells of a CSV.
    """

    values: Any
    columns: Sequence[str] | None = None
    texts: bool = False

    def __len__(self) -> int:
        return len(self.values)


def numbered(at: int) -> str:
    """Return a row's name in messages, which count rows from 1."""
    return f"Row {at + 1}"


def wrong_cell(schema: Schema, row: int, place: int, code: str, what: str) -> ServingError:
    """Return the error for one value, naming its row and column."""
    column = column_name(schema, place)
    return bad_input(code, f"{numbered(row)}, column {quoted(column)}: {what}", row=row, column=column)


def check_width(row: Any, width: int, at: int) -> None:
    """Check that a row is a list of `width` values.

    Raises
    ------
    ServingError
        400, naming the row.
    """
    if not isinstance(row, list | tuple | np.ndarray):
        raise bad_input("no_row", f"{numbered(at)} is {word(row)}, not a list of {count(width, 'value')}", row=at)
    if len(row) != width:
        message = f"{numbered(at)} has {count(len(row), 'value')}, but the model takes {width}"
        raise bad_input("wrong_width", message, row=at, width=width)


def column_name(schema: Schema, place: int) -> Any:
    """Return a column's name, or its number if it has no name."""
    return schema.names[place] if schema.names is not None and place < len(schema.names) else place


def shown(value: Any) -> str:
    """Return a JSON value as it was written, shortened if it is long. A list or an object becomes its type's name."""
    if isinstance(value, str):
        return quoted(value)
    return shortened(value) if isinstance(value, int | float) and not isinstance(value, bool) else word(value)


def word(value: Any) -> str:
    """Return the JSON name of a value's type, or of null, true and false."""
    if value is None or isinstance(value, bool | np.bool_):
        return {None: "null", True: "true", False: "false"}[None if value is None else bool(value)]
    words = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return words.get(type(value), type(value).__name__)
