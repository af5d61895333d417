"""Tests a loaded model before it is served: finds a row that works, and the columns that may be empty."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from runner.records import ModelRecord
from serving.data.columns import ANY, CATEGORY, DATE, TEXT, Column
from serving.data.schema import Schema

_MOST_TRIED = 64  # columns that are tried one by one
Ask = Callable[[Schema, list[Any]], Any]
"""Calls the model with rows, and raises what the model raises."""


def registered_example(record: ModelRecord) -> list[Any] | None:
    """Return a list with the first row of the example that was registered with a version, or None.

    MLflow's forms are supported: a list of rows, and ``{"columns": [...], "data": [...]}`` among others.
    """
    example = record.inspection.example_input if record.inspection else None
    columns = None
    if isinstance(example, dict):
        columns = example.get("columns")
        example = next((example[key] for key in ("data", "inputs", "instances") if key in example), None)
    if not isinstance(example, list) or not example:
        return None
    row = example[0]
    if isinstance(columns, list) and isinstance(row, list) and len(row) == len(columns):
        return [dict(zip(map(str, columns), row, strict=True))]
    return [row]


def working_example(schema: Schema, ask: Ask) -> list[Any] | None:
    """Return a list with a made-up row that the model takes, or None if it takes none of those tried."""
    for row in _candidate_rows(schema):
        if _works(schema, [row], ask):
            return [row]
    return None


def other_forms(schema: Schema) -> Iterator[Schema]:
    """Yield other forms of the same rows, for a model whose tags do not tell them apart."""
    if schema.kind == "texts":
        yield dataclasses.replace(schema, as_series=True)


def with_empty_columns(schema: Schema, example: list[Any], ask: Ask) -> Schema:
    """Mark as possibly missing only those columns without which the model works.

    A scaler declares that it accepts missing values, and the next step may refuse them.
    """
    columns, row = schema.columns, example[0]
    if columns is None or not isinstance(row, list) or len(row) != len(columns) or len(columns) > _MOST_TRIED:
        return schema
    updated = []
    for at, column in enumerate(columns):
        survives = column.missing and _works(schema, [[*row[:at], None, *row[at + 1 :]]], ask)
        updated.append(dataclasses.replace(column, missing=survives))
    return dataclasses.replace(schema, columns=tuple(updated))


def _works(schema: Schema, rows: list[Any], ask: Ask) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask(schema, rows)
    except Exception:  # noqa: BLE001 - any error means that the model does not take this row
        return False
    return True


def _candidate_rows(schema: Schema) -> Iterator[Any]:
    width = schema.width or len(schema.names or ()) or 1
    if schema.kind == "texts":
        yield "a text"
    elif schema.kind == "records":
        yield {"name": 1}
    elif schema.kind in ("list", "values"):
        yield from (1, 1.0, True, [1.0], ["a text"], {"name": 1}, {"name": "a text"})
    elif schema.kind == "numbers" or schema.columns is None:
        for number in (0.0, 1.0, 0.5):
            yield [number] * width
        yield ["a"] * width
    else:
        for number in (0.0, 1.0, 0.5):
            yield [_value(column, number) for column in schema.columns]
        yield ["a" if column.kind == ANY else _value(column, 1.0) for column in schema.columns]


def _value(column: Column, number: float) -> Any:
    if column.kind == CATEGORY:
        return column.categories[0] if column.categories else "a"
    return {TEXT: "a text", DATE: "2026-01-01"}.get(column.kind, number)
