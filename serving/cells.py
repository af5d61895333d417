"""The cells of a CSV: texts, until it is known what the model's column holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from serving.columns import CATEGORY, DATE, TEXT, Column
from serving.rows import Rows
from serving.schema import Schema


def read_cells(schema: Schema, rows: Rows) -> Rows:
    """Return rows whose cells are what the model's columns hold; rows that are no texts stay as they are.

    A category such as the postcode 01234 stays a text where the model knows texts. Elsewhere a cell is a number or a
    truth value if it reads as one. An empty cell is missing.
    """
    if not rows.texts:
        return rows
    stay = [_stays(one) for one in schema.columns or ()]
    stay += [False] * (max(map(len, rows.values), default=0) - len(stay))
    values = [[_cell(text, as_it_is) for text, as_it_is in zip(row, stay, strict=False)] for row in rows.values]
    return replace(rows, values=values, texts=False)


def _stays(column: Column) -> bool:
    return column.kind in (TEXT, DATE) or (column.kind == CATEGORY and not column.of_numbers)


def _cell(text: str, stays: bool) -> Any:
    if text == "":
        return None
    if stays:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text
