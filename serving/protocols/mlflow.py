"""MLflow's scoring protocol: ``POST /invocations``.

Taken are ``dataframe_split``, ``dataframe_records``, ``instances`` and ``inputs`` as JSON, and ``text/csv`` with a
header. ``params`` may name the method.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input
from serving.openapi.bodies import example_if_works, object_of, rows_schema, shown_example
from serving.openapi.operations import CSV, JSON, Body
from serving.protocols.common import by_column, mapping, names, text
from serving.protocols.protocol import JsonProtocol

VERSION = "3.0.0"  # what GET /version says: the protocol's, as clients compare it
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def parse(body: Any) -> tuple[Rows, str | None]:
    """Return rows and method of a JSON request."""
    body = mapping(body)
    given = [name for name in _FORMS if name in body]
    if len(given) != 1:
        raise bad_input("no_rows", f"The request needs one of {', '.join(_FORMS)}, and has {len(given)}")
    params = body.get("params")
    method = text(params.get("method"), "params.method") if isinstance(params, dict) else None
    value = body[given[0]]
    if given[0] == "dataframe_split":
        value = mapping(value)
        return Rows(value.get("data"), names(value.get("columns"), "columns")), method
    if given[0] in ("instances", "inputs") and isinstance(value, dict):
        return by_column(value), method
    return Rows(value), method


def parse_csv(content: bytes) -> tuple[Rows, str | None]:
    """Return the rows of a CSV with a header; what a cell is, the model knows."""
    try:
        lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise bad_input("no_csv", f"The body is no CSV: {error}") from None
    if not lines:
        raise bad_input("empty", "There are no rows")
    header, *rows = lines
    for at, row in enumerate(rows):
        if len(row) != len(header):
            raise bad_input("ragged", f"Row {at} has {len(row)} values, the header {len(header)}", row=at)
    return Rows(rows, header, texts=True), None


def render(answer: Answer, _body: Any) -> dict[str, Any]:
    """Return the answer."""
    return {"predictions": answer.values}


def describe(served: ServedModel) -> Body:
    """Return what a request holds."""
    schemas = {JSON: object_of({"instances": rows_schema(served)}, "instances"), CSV: {"type": "string"}}
    return Body(schemas, example_if_works(served, {"instances": shown_example(served)}))


PROTOCOL = JsonProtocol(
    route="invocations",
    addresses=("/invocations", "/invocations/<name>"),
    parse=parse,
    render=render,
    body=describe,
    parse_csv=parse_csv,
)
