"""The rows of a request as a protocol hands them over, and messages for what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.data.schema import Schema
from serving.errors import bad_input


@dataclass(frozen=True)
class Rows:
    """Rows as a protocol hands them over.

    Parameters
    ----------
    values : list or ndarray
        A list of rows; a row is a list of values, a mapping from column to value, or a single string.
    columns : sequence of str or None
        The names of the values of a row, where the request gives them.
    texts : bool
        Whether all values are texts whose meaning is the model's to know: the cells of a CSV.
    """

    values: Any
    columns: Sequence[str] | None = None
    texts: bool = False

    def __len__(self) -> int:
        return len(self.values)


def check_width(row: Any, width: int, at: int) -> None:
    """Refuse what is no list of `width` values.

    Raises
    ------
    ServingError
        400, naming the row.
    """
    if not isinstance(row, list | tuple | np.ndarray):
        raise bad_input("no_row", f"Row {at} is {word(row)}, not a list of {width} values", row=at)
    if len(row) != width:
        raise bad_input("wrong_width", f"Row {at} has {len(row)} values, the model takes {width}", row=at, width=width)


def column_name(schema: Schema, place: int) -> Any:
    """Return a column's name, or its number where it has none."""
    return schema.names[place] if schema.names is not None and place < len(schema.names) else place


def word(value: Any) -> str:
    """Name a JSON value as its author would."""
    words = {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return words.get(type(value), "null" if value is None else type(value).__name__)
