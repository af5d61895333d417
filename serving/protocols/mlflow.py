"""MLflow's scoring protocol: ``POST /invocations``.

It accepts ``dataframe_split``, ``dataframe_records``, ``instances`` and ``inputs`` as JSON, and ``text/csv`` with a
header. ``params`` may name the method.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

from serving.data.rows import Rows, numbered
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input, count
from serving.protocols.common import mapping, names, rows_of, text
from serving.protocols.protocol import ModelRequest, ParsedRequest, Protocol, Question, Reply, Server
from serving.protocols.schemas import (
    CSV_TYPE,
    JSON_TYPE,
    STRING,
    TEXT_TYPE,
    Body,
    Schema,
    answers_schema,
    any_of,
    by_column_schema,
    example_if_works,
    method_schema,
    object_of,
    rows_schema,
    shown_example,
    split_schema,
)

VERSION = "3.0.0"  # what GET /version returns: the protocol's version, which clients compare
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def parse(body: Any, _served: ServedModel) -> ParsedRequest:
    """Parse a request."""
    if isinstance(body, Rows):
        return ParsedRequest(body)
    body = mapping(body)
    given = [name for name in _FORMS if name in body]
    if len(given) != 1:
        shown = " and ".join(given) or "none of them"
        raise bad_input("no_rows", f"Send the rows as one of {', '.join(_FORMS)}. The request has {shown}")
    params = {} if body.get("params") is None else mapping(body["params"], "params")
    method = text(params.get("method"), "params.method")
    value = body[given[0]]
    if given[0] == "dataframe_split":
        value = mapping(value, "dataframe_split")
        return ParsedRequest(Rows(value.get("data"), names(value.get("columns"), "columns")), (method,))
    return ParsedRequest(Rows(value) if given[0] == "dataframe_records" else rows_of(value), (method,))


def read_csv(content: bytes, _header: Callable[[str], str | None]) -> Rows:
    """Return the rows of a CSV with a header. The model's columns determine how cells are read."""
    try:
        lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise bad_input("no_csv", f"The body is not valid CSV: {error}") from None
    if not lines:
        raise bad_input("empty", "The body has no rows")
    header, *rows = lines
    for at, row in enumerate(rows):
        if len(row) != len(header):
            message = f"{numbered(at)} has {count(len(row), 'value')}, but the header has {len(header)}"
            raise bad_input("ragged", message, row=at)
    return Rows(rows, header, texts=True)


def render(answers: Sequence[Answer], _wanted: ParsedRequest) -> Reply:
    """Return the answer."""
    (answer,) = answers
    return Reply({"predictions": answer.values})


def describe(served: ServedModel) -> Body:
    """Describe requests."""
    rows = rows_schema(served)
    rows_or_columns = any_of([rows, by_column_schema(served)])
    forms = {
        "instances": rows_or_columns,
        "inputs": rows_or_columns,
        "dataframe_split": split_schema(served),
        "dataframe_records": rows,
    }
    params = {"type": ["object", "null"], "properties": {"method": method_schema(served)}}
    one_of_them = {"oneOf": [{"required": [name]} for name in forms]}
    schemas = {JSON_TYPE: {**object_of({**forms, "params": params}), **one_of_them}, CSV_TYPE: STRING}
    return Body(schemas, example_if_works(served, {"instances": shown_example(served)}))


def describe_answer(served: ServedModel) -> Schema:
    """Describe answers."""
    return object_of({"predictions": answers_schema(served)}, "predictions")


def ping(server: Server, _request: ModelRequest) -> tuple[int, str]:
    """Return whether models are served."""
    return 200 if server.ready else 503, "\n"


_READY = "Whether models are served"
PROTOCOL = Protocol(
    route="invocations",
    addresses=("/invocations", "/invocations/<name>"),
    parse=parse,
    render=render,
    body=describe,
    answer=describe_answer,
    readers={CSV_TYPE: read_csv},
    questions={
        "/ping": Question("ping", _READY, ping, STRING, kind=TEXT_TYPE, not_ready=STRING),
        "/health": Question("health", _READY, ping, STRING, kind=TEXT_TYPE, not_ready=STRING),
        "/version": Question("version", "MLflow's version", lambda *_: (200, VERSION), STRING, kind=TEXT_TYPE),
    },
)
