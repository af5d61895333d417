"""JSON schemas of a model's requests and answers for OpenAPI 3.1, with a working example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.data.columns import CATEGORY, DATE, NUMBER, TEXT, Column
from serving.dataplane.model import ServedModel

JSON_TYPE, TEXT_TYPE, CSV_TYPE = "application/json", "text/plain", "text/csv"
Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
_WORDS = {NUMBER: "a number", TEXT: "a text", CATEGORY: "a category", DATE: "a point in time"}
_NUMBERS, _SCALARS = ("number", "boolean"), ("string", "number", "boolean")
_OF_NUMPY = {"f": ["number", "null"], "i": "integer", "u": "integer", "b": "boolean"}
_OF_PYTHON = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


@dataclass(frozen=True)
class Body:
    """The body of a request.

    Parameters
    ----------
    schemas : mapping of str to dict
        JSON schemas by content type, the most common one first.
    example
        A working body.
    required : bool
        Whether a body is required.
    parameters : sequence of dict
        Headers that say how to read the body, as OpenAPI parameters.
    """

    schemas: Mapping[str, Schema]
    example: Any = None
    required: bool = True
    parameters: Sequence[dict[str, Any]] = ()


def object_of(properties: Mapping[str, Schema], *required: str) -> Schema:
    """Return the schema of an object with properties, some of them required."""
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": dict(properties)}


def array_of(items: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def any_of(schemas: Iterable[Schema]) -> Schema:
    """Return the schema of a value that matches at least one of several; the most common comes first."""
    different: list[Schema] = []
    for schema in schemas:
        alternatives = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
        different += [alternative for alternative in alternatives if alternative not in different]
    return different[0] if len(different) == 1 else {"anyOf": different}


def method_schema(served: ServedModel, *others: str | None) -> Schema:
    """Return the schema of a method's name. `others` are further words for the model's default."""
    words: list[str | None] = [*served.schema.methods, *others, None]
    return {"enum": words, "description": f"the model's default is {served.default_method}"}


def example_if_works(served: ServedModel, example: dict[str, Any]) -> dict[str, Any] | None:
    """Return an example built from the model's, or None if that is known not to work."""
    return example if served.example_works and all(example.values()) else None


def shown_example(served: ServedModel) -> list[Any]:
    """Return the example. A row of a mixed table has its columns' names."""
    names, row = served.schema.names, served.example[0]
    if served.schema.kind == "frame" and names is not None and isinstance(row, list) and len(row) == len(names):
        return [dict(zip(names, row, strict=True))]
    return served.example


def rows_schema(served: ServedModel) -> Schema:
    """Return the schema of a list of rows, which are either all lists or all objects by column."""
    schema = served.schema
    if schema.kind == "texts":
        forms = [any_of([STRING, {**array_of(STRING), "minItems": 1, "maxItems": 1}, _one_value(STRING)])]
    elif schema.kind == "records":
        forms = [{"type": "object"}]
    elif schema.kind in ("list", "values"):
        forms = [{"description": "any value"}]
    else:
        forms = [_list_row(served), _object_row(served)]
        if schema.kind == "frame" and schema.names is not None:
            forms.reverse()
    return any_of({"type": "array", "minItems": 1, "items": form} for form in forms)


def columns_schema(served: ServedModel) -> Schema:
    """Return the schema of the column names for rows that are lists."""
    schema = served.schema
    known = _names(served)
    result: Schema = {"type": ["array", "null"], "description": "names or numbers of the columns, in the rows' order"}
    if known is None or schema.is_open or schema.respelled:
        return {**result, "items": {"type": ["string", "integer"]}}
    numbers = [] if schema.names else list(range(len(known)))
    return {**result, "items": {"enum": [*known, *numbers]}, "minItems": len(known), "maxItems": len(known)}


def split_schema(served: ServedModel) -> Schema:
    """Return the schema of rows beside the names of their columns, as pandas writes them with ``orient="split"``."""
    return object_of({"columns": columns_schema(served), "index": {}, "data": rows_schema(served)}, "data")


def by_column_schema(served: ServedModel) -> Schema:
    """Return the schema of values by column. All columns have the same length."""
    if _names(served) is None or served.schema.is_open:
        return {"type": "object", "additionalProperties": {"type": "array"}}
    row = _object_row(served)
    columns = {name: {**array_of(_value_or_list(cell)), "minItems": 1} for name, cell in row["properties"].items()}
    return {**row, "properties": columns}


def answers_schema(served: ServedModel) -> Schema:
    """Return the schema of the answer of any method."""
    return any_of(answer_schema(served, method) for method in served.schema.methods)


def answer_schema(served: ServedModel, method: str) -> Schema:
    """Return the schema of a method's answer, derived from its answer to the example."""
    return _of_value(served.samples[method]) if method in served.samples else {}


def _names(served: ServedModel) -> list[str] | None:
    schema = served.schema
    if schema.names is not None:
        return list(schema.names)
    return [str(place) for place in range(schema.width)] if schema.width is not None else None


def _list_row(served: ServedModel) -> Schema:
    schema = served.schema
    row = array_of(_number(schema.missing) if schema.kind == "numbers" else {"type": [*_SCALARS, "null"]})
    if schema.width is not None and not schema.is_open:
        row |= {"minItems": schema.width, "maxItems": schema.width}
    if schema.names:
        row["description"] = ", ".join(schema.names)
    return row


def _object_row(served: ServedModel) -> Schema:
    schema, names = served.schema, _names(served)
    if names is None or schema.is_open:
        return {"type": "object"}
    known = schema.columns or (None,) * len(names)
    number = _number(schema.missing)
    cells = [number if schema.kind == "numbers" else _cell(column) for column in known]
    row = object_of(dict(zip(names, cells, strict=True)), *names)
    return row if schema.respelled else {**row, "additionalProperties": False}


def _one_value(schema: Schema) -> Schema:
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": schema}


def _value_or_list(cell: Schema) -> Schema:
    """Return the schema of a value or a one-element list of it, as TensorFlow accepts in columns."""
    return any_of([cell, {**array_of(cell), "minItems": 1, "maxItems": 1}])


def _number(missing: bool) -> Schema:
    return {"type": [*_NUMBERS, *(["null"] if missing else [])]}


def _cell(column: Column | None) -> Schema:
    """Return the schema of a value in a column."""
    if column is None or column.kind not in _WORDS:
        return {"description": "any value", "type": [*_SCALARS, "null"]}
    schema: Schema = {"description": _WORDS[column.kind] + (", or null" if column.missing else "")}
    none = ["null"] if column.missing else []
    if column.kind == NUMBER:
        return {**schema, "type": [*_NUMBERS, *none]}
    if column.kind == CATEGORY and not column.others:
        return {**schema, "enum": [*column.categories, *([None] if column.missing else [])]}
    if column.kind == CATEGORY:
        return {**schema, "type": [*_SCALARS, *none]}
    return {**schema, "type": ["string", *none]}


def _of_value(value: Any) -> Schema:
    """Return the schema of an answer, which is an array, a list of arrays or plain values."""
    if isinstance(value, np.ndarray):
        schema: Schema = {"type": _OF_NUMPY.get(value.dtype.kind, "string")}
        for _ in range(value.ndim):
            schema = array_of(schema)
        return schema
    if isinstance(value, list):
        return array_of(any_of(_of_value(part) for part in value) if value else {})
    kind = _OF_PYTHON.get(type(value))
    return {"type": kind} if kind is not None else {}
