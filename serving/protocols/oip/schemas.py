"""JSON schemas of requests and answers."""

from __future__ import annotations

from typing import Any

from serving.dataplane.model import ServedModel
from serving.protocols.oip.binary import KIND, LENGTH
from serving.protocols.oip.metadata import inputs
from serving.protocols.oip.tensors import MOST_AXES, TYPES
from serving.protocols.schemas import (
    JSON_TYPE,
    STRING,
    Body,
    Schema,
    array_of,
    example_if_works,
    object_of,
    shown_example,
)

_NUMBER: Schema = {"type": "integer", "minimum": 0}
_ANY_OBJECT: Schema = {"type": ["object", "null"]}
_SHAPE = {**array_of(_NUMBER), "minItems": 1, "maxItems": MOST_AXES}
_DATATYPE: Schema = {"enum": [*TYPES, "BYTES"]}
_TENSOR = object_of(
    {
        "name": STRING,
        "shape": _SHAPE,
        "datatype": _DATATYPE,
        "parameters": {
            **object_of({"content_type": {}, "binary_data_size": {"type": ["integer", "null"], "minimum": 0}}),
            **_ANY_OBJECT,
        },
    },
    "name",
    "shape",
    "datatype",
)
_FLAG: Schema = {"type": ["boolean", "null"]}
_LENGTH_HEADER = {
    "name": LENGTH,
    "in": "header",
    "required": False,
    "description": "the length of the JSON, if tensors follow as bytes",
    "schema": {"type": "integer"},
}


def describe(served: ServedModel) -> Body:
    """Describe requests."""
    data = {**_TENSOR, "properties": {**_TENSOR["properties"], "data": {"type": "array"}}}
    method: Schema = {"enum": [*served.schema.methods, None]}
    name = {**STRING, "description": f"a method: {', '.join(served.schema.methods)}"}
    output = object_of({"name": name, "parameters": _output_parameters()}, "name")
    properties = {
        "inputs": {**array_of(data), "minItems": 1},
        "outputs": {"type": ["array", "null"], "items": output, "description": "the methods to call"},
        "id": {"type": ["string", "null"]},
        "parameters": {**object_of({"method": method, "binary_data_output": _FLAG, "content_type": {}}), **_ANY_OBJECT},
    }
    schemas = {JSON_TYPE: object_of(properties, "inputs"), KIND: {"type": "string", "format": "binary"}}
    return Body(schemas, example_if_works(served, {"inputs": _tensors(served)}), parameters=(_LENGTH_HEADER,))


def _output_parameters() -> Schema:
    return {**object_of({"binary_data": _FLAG}), **_ANY_OBJECT}


def describe_answer(_served: ServedModel) -> Schema:
    """Describe answers."""
    output = object_of({**_TENSOR["properties"], "data": {"type": "array"}}, "name", "shape", "datatype")
    properties = {
        "model_name": STRING,
        "model_version": STRING,
        "outputs": array_of(output),
        "id": STRING,
        "parameters": object_of({"warning": STRING}),
    }
    return object_of(properties, "model_name", "model_version", "outputs")


def _tensors(served: ServedModel) -> list[dict[str, Any]]:
    """Return the example as the tensors that the metadata names."""
    row = shown_example(served)[0]
    tensors = inputs(served)
    if isinstance(row, dict):
        pairs = [(tensor, [row.get(tensor["name"])]) for tensor in tensors]
    elif isinstance(row, list):
        pairs = [(tensors[0], row)]
    else:
        pairs = [(tensors[0], [row])]
    if any(tensor["datatype"] == "BYTES" and not isinstance(value[0], str) for tensor, value in pairs):
        return []
    shapes = [[1, *[len(value)] * (len(tensor["shape"]) - 1)] for tensor, value in pairs]
    return [{**tensor, "shape": shape, "data": value} for (tensor, value), shape in zip(pairs, shapes, strict=True)]
