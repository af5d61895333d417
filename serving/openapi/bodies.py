"""Describes the bodies that a model takes, column by column, with an example that works where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serving.data.columns import CATEGORY, DATE, NUMBER, TEXT, Column
from serving.dataplane.model import ServedModel
from serving.openapi.operations import CSV, JSON, Body
from serving.protocols import oip

_WORDS = {NUMBER: "a number", TEXT: "a text", CATEGORY: "a category", DATE: "a point in time"}


def _azure(served: ServedModel) -> Body:
    methods = {"type": "string", "enum": list(served.schema.methods)}
    schema = _of({"data": _rows(served), "method": methods}, "data")
    return Body({JSON: schema}, _if_works(served, {"data": shown_example(served), "method": served.default_method}))


def _mlflow(served: ServedModel) -> Body:
    schemas = {JSON: _of({"instances": _rows(served)}, "instances"), CSV: {"type": "string"}}
    return Body(schemas, _if_works(served, {"instances": shown_example(served)}))


def _inference(served: ServedModel) -> Body:
    schema = _of({"inputs": {"type": "array", "items": {"type": "object"}}}, "inputs")
    return Body({JSON: schema}, _if_works(served, {"inputs": _tensors(served)}))


BODIES: dict[str, Callable[[ServedModel], Body]] = {"score": _azure, "invocations": _mlflow, "infer": _inference}


def _of(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {"type": "object", "required": [required], "properties": properties}


def _if_works(served: ServedModel, example: dict[str, Any]) -> dict[str, Any] | None:
    return example if served.example_works and all(example.values()) else None


def shown_example(served: ServedModel) -> list[Any]:
    """Return the example; a row of a mixed table with its columns' names."""
    names, row = served.schema.names, served.example[0]
    if served.schema.kind == "frame" and names is not None and isinstance(row, list) and len(row) == len(names):
        return [dict(zip(names, row, strict=True))]
    return served.example


def _tensors(served: ServedModel) -> list[dict[str, Any]]:
    """Return the example as the tensors that the metadata names."""
    row = shown_example(served)[0]
    inputs = oip.inputs(served)
    if isinstance(row, dict):
        pairs = [(one, [row.get(one["name"])]) for one in inputs]
    elif isinstance(row, list):
        pairs = [(inputs[0], row)]
    else:
        pairs = [(inputs[0], [row])]
    if any(one["datatype"] == "BYTES" and not isinstance(value[0], str) for one, value in pairs):
        return []
    shapes = [[1, *[len(value)] * (len(one["shape"]) - 1)] for one, value in pairs]
    return [{**one, "shape": shape, "data": value} for (one, value), shape in zip(pairs, shapes, strict=True)]


def _rows(served: ServedModel) -> dict[str, Any]:
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
