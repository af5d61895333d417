"""Reads the text cells of a CSV according to the model's columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from serving.data.columns import CATEGORY, DATE, TEXT, Column
from serving.data.rows import Rows
from serving.data.schema import Schema

# The default na_values of pandas.read_csv.
_MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null")
)  # fmt: skip
_TEXT = Column(TEXT)  # the only column of a model that takes texts


def read_cells(schema: Schema, rows: Rows) -> Rows:
    """Convert text cells to the types of the model's columns. Rows without texts are returned unchanged.

    A category such as the postcode 01234 stays a text if the model's categories are texts. In other columns, a cell is
    a number or a boolean if it can be parsed as one. Empty cells and the words that pandas reads as missing are
    missing, unless the word is one of the model's categories.
    """
    if not rows.texts:
        return rows
    known = (_TEXT,) if schema.kind == "texts" else schema.columns or ()
    readers = [_Reader(_is_unchanged(column), _missing(column)) for column in known]
    readers += [_Reader(False, _MISSING)] * (max(map(len, rows.values), default=0) - len(readers))
    values = [[_cell(text, *reader) for text, reader in zip(row, readers, strict=False)] for row in rows.values]
    return replace(rows, values=values, texts=False)


class _Reader(NamedTuple):
    """How to read a column's cells: whether they stay texts, and which texts mean a missing value."""

    stays: bool
    missing: frozenset[str]


def _missing(column: Column) -> frozenset[str]:
    return _MISSING - set(column.categories)


def _is_unchanged(column: Column) -> bool:
    return column.kind in (TEXT, DATE) or (column.kind == CATEGORY and not column.of_numbers)


def _cell(text: str, stays: bool, missing: frozenset[str]) -> Any:
    if text in missing:
        return None
    if stays:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text
