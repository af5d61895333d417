"""Describes the bodies that a model takes, column by column, with an example that works where there is one."""

from __future__ import annotations

from typing import Any

from serving.data.columns import CATEGORY, DATE, NUMBER, TEXT, Column
from serving.dataplane.model import ServedModel

_WORDS = {NUMBER: "a number", TEXT: "a text", CATEGORY: "a category", DATE: "a point in time"}


def object_of(properties: dict[str, Any], required: str) -> dict[str, Any]:
    """Return the schema of an object with properties, one of which it must have."""
    return {"type": "object", "required": [required], "properties": properties}


def example_if_works(served: ServedModel, example: dict[str, Any]) -> dict[str, Any] | None:
    """Return an example made of a model's own, unless that is known not to work."""
    return example if served.example_works and all(example.values()) else None


def shown_example(served: ServedModel) -> list[Any]:
    """Return the example; a row of a mixed table with its columns' names."""
    names, row = served.schema.names, served.example[0]
    if served.schema.kind == "frame" and names is not None and isinstance(row, list) and len(row) == len(names):
        return [dict(zip(names, row, strict=True))]
    return served.example


def rows_schema(served: ServedModel) -> dict[str, Any]:
    """Return the schema of a list of rows."""
    return {"type": "array", "minItems": 1, "items": _row(served)}


def _row(served: ServedModel) -> dict[str, Any]:
    schema = served.schema
    if schema.kind == "texts":
        return {"type": "string"}
    if schema.kind == "records":
        return {"type": "object"}
    if schema.kind in ("list", "values"):
        return {"description": "any value"}
    if schema.kind == "frame" and schema.names is not None:
        columns = schema.columns or (None,) * len(schema.names)
        properties = {name: _column(one) for name, one in zip(schema.names, columns, strict=True)}
        return {"type": "object", "required": list(schema.names), "properties": properties}
    row: dict[str, Any] = {"type": "array", "items": {"type": "number"} if schema.kind == "numbers" else {}}
    if schema.width is not None:
        row |= {"minItems": schema.width, "maxItems": schema.width}
    if schema.names:
        row["description"] = ", ".join(schema.names)
    return row


def _column(column: Column | None) -> dict[str, Any]:
    """Describe a column; one that may be empty has no type, since the three versions have three words for null."""
    if column is None or column.kind not in _WORDS:
        return {"description": "any value"}
    found: dict[str, Any] = {"description": _WORDS[column.kind] + (", or null" if column.missing else "")}
    if column.missing or (column.kind == CATEGORY and not column.categories):
        return found
    if column.kind == CATEGORY and not column.others:
        return {**found, "enum": list(column.categories)}
    return {**found, "type": "number" if column.of_numbers else "string"}
