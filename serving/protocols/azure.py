"""Azure ML's scoring protocol: ``POST /score``.

Three forms of a request are taken: ``{"data": [[...]], "method": "predict"}`` of the no-code scikit-learn deployment,
``{"input_data": {"columns": [...], "index": [...], "data": [[...]]}}`` of MLflow models, and ``{"Inputs": {...}}`` of
the designer and of automated ML.
"""

from __future__ import annotations

from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input
from serving.openapi.bodies import example_if_works, object_of, rows_schema, shown_example
from serving.openapi.operations import JSON, Body
from serving.protocols.common import by_column, mapping, names, text
from serving.protocols.protocol import JsonProtocol


def parse(body: Any) -> tuple[Rows, str | None]:
    """Return rows and method of a request."""
    body = mapping(body)
    method = text(body.get("method"), "method")
    if "data" in body:
        return _rows(body["data"], names(body.get("columns"), "columns")), method
    if "input_data" in body:
        given = body["input_data"]
        if isinstance(given, dict) and "data" in given:
            return _rows(given["data"], names(given.get("columns"), "columns")), method
        return _rows(given, None), method
    if "Inputs" in body:
        given = mapping(body["Inputs"])
        if len(given) != 1:
            raise bad_input("no_rows", f"Inputs has {len(given)} entries, one is wanted, such as data")
        options = body.get("GlobalParameters")
        if isinstance(options, dict) and method is None:
            method = text(options.get("method"), "GlobalParameters.method")
        return _rows(next(iter(given.values())), None), method
    raise bad_input("no_rows", "The request has none of data, input_data, Inputs")


def _rows(value: Any, columns: list[str] | None) -> Rows:
    if not isinstance(value, dict):
        return Rows(value, columns)
    if "data" in value:  # {"columns": ..., "data": ...} inside
        return _rows(value["data"], names(value.get("columns"), "columns"))
    return by_column(value)


def render(answer: Answer, form: Any) -> dict[str, Any]:
    """Return the answer in the form of the request: by method, or as ``Results`` for ``Inputs``."""
    if isinstance(form, dict) and "Inputs" in form:
        return {"Results": answer.values}
    return {answer.method: answer.values}


def describe(served: ServedModel) -> Body:
    """Return what a request holds."""
    methods = {"type": "string", "enum": list(served.schema.methods)}
    example = {"data": shown_example(served), "method": served.default_method}
    schema = object_of({"data": rows_schema(served), "method": methods}, "data")
    return Body({JSON: schema}, example_if_works(served, example))


PROTOCOL = JsonProtocol(route="score", addresses=("/score", "/score/<name>"), parse=parse, render=render, body=describe)
