"""Azure ML's scoring protocol: ``POST /score``.

It accepts three forms of a request: ``{"data": [[...]], "method": "predict"}`` of the no-code scikit-learn deployment,
``{"input_data": {"columns": [...], "index": [...], "data": [[...]]}}`` of MLflow models, and ``{"Inputs": {...}}`` of
the designer and of automated ML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input
from serving.protocols.common import by_column, mapping, names, text
from serving.protocols.protocol import ParsedRequest, Protocol, Reply
from serving.protocols.schemas import (
    JSON_TYPE,
    Body,
    Schema,
    answer_schema,
    answers_schema,
    any_of,
    by_column_schema,
    columns_schema,
    example_if_works,
    method_schema,
    object_of,
    rows_schema,
    shown_example,
    split_schema,
)

_FORMS = ("data", "input_data", "Inputs")
_RESULTS = "Results"  # the answer's key if the rows were sent as Inputs


def parse(body: Any, _served: ServedModel) -> ParsedRequest:
    """Parse a request."""
    body = mapping(body)
    method = text(body.get("method"), "method")
    there = [name for name in _FORMS if name in body]
    if len(there) > 1:
        raise bad_input("no_rows", f"The request has rows as {' and as '.join(there)}. Send them once")
    if "data" in body:
        return ParsedRequest(_rows(body["data"], names(body.get("columns"), "columns")), (method,))
    if "input_data" in body:
        return ParsedRequest(_rows(body["input_data"], None), (method,))
    if "Inputs" in body:
        given = mapping(body["Inputs"], "Inputs")
        if len(given) != 1:
            raise bad_input("no_rows", f"Inputs has {len(given)} entries. Send one, such as data")
        options = body.get("GlobalParameters")
        if isinstance(options, dict) and method is None:
            method = text(options.get("method"), "GlobalParameters.method")
        return ParsedRequest(_rows(next(iter(given.values())), None), (method,), _RESULTS)
    raise bad_input("no_rows", "The request has no rows. Send them as data, input_data or Inputs")


def _rows(value: Any, columns: list[str] | None) -> Rows:
    if not isinstance(value, dict):
        return Rows(value, columns)
    if "data" in value:  # {"columns": ..., "data": ...} inside
        return _rows(value["data"], names(value.get("columns"), "columns"))
    return by_column(value)


def render(answers: Sequence[Answer], wanted: ParsedRequest) -> Reply:
    """Return the answer in the form of the request: by method, or as ``Results`` for ``Inputs``."""
    (answer,) = answers
    return Reply({wanted.form or answer.method: answer.values})


def describe(served: ServedModel) -> Body:
    """Describe requests."""
    rows, split, columns = rows_schema(served), split_schema(served), by_column_schema(served)
    method = method_schema(served)
    forms = any_of([split, rows, columns])
    properties = {
        "data": any_of([rows, split, columns]),
        "columns": columns_schema(served),
        "input_data": forms,
        "Inputs": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": forms},
        "GlobalParameters": {"properties": {"method": method}},
        "method": method,
    }
    one_of_them = {"oneOf": [{"required": [name]} for name in _FORMS]}
    example = {"data": shown_example(served), "method": served.default_method}
    return Body({JSON_TYPE: {**object_of(properties), **one_of_them}}, example_if_works(served, example))


def describe_answer(served: ServedModel) -> Schema:
    """Describe answers."""
    by_method = {method: answer_schema(served, method) for method in served.schema.methods}
    return {**object_of({**by_method, _RESULTS: answers_schema(served)}), "minProperties": 1, "maxProperties": 1}


PROTOCOL = Protocol(
    route="score",
    addresses=("/score", "/score/<name>"),
    parse=parse,
    render=render,
    body=describe,
    answer=describe_answer,
)
