"""Version 1 of the inference protocol, from TensorFlow Serving and adopted by KServe.

``POST /v1/models/NAME:predict`` takes rows as ``instances`` and returns ``predictions``, or takes columns as ``inputs``
and returns ``outputs`` (tensorflow.org/tfx/serving/api_rest). ``method`` names the method, and so does
``signature_name``. TensorFlow's ``serving_default`` means the model's default. ``GET /v1/models/NAME`` answers
both kinds of client: those of KServe ask whether it is ready (kserve.github.io, "V1 Protocol"), those of TensorFlow
Serving which versions there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import AS_TEXT, bad_input, quoted
from serving.protocols.common import mapping, number, rows_of, text
from serving.protocols.protocol import ModelRequest, ParsedRequest, Protocol, Question, Reply, Server
from serving.protocols.schemas import (
    JSON_TYPE,
    STRING,
    Body,
    Schema,
    answers_schema,
    any_of,
    array_of,
    by_column_schema,
    example_if_works,
    method_schema,
    object_of,
    rows_schema,
    shown_example,
)

_DEFAULT = ("serving_default", "")  # signatures that mean the model's default method
_FINE = {"error_code": "OK", "error_message": ""}


def parse(body: Any, _served: ServedModel) -> ParsedRequest:
    """Parse a request."""
    body = mapping(body)
    if "instances" in body and "inputs" in body:
        raise bad_input("no_rows", "The request has instances and inputs. Send one of the two")
    if "instances" not in body and "inputs" not in body:
        raise bad_input("no_rows", "The request has no rows. Send them as instances (rows) or inputs (columns)")
    if "instances" in body:
        return ParsedRequest(Rows(body["instances"]), (_method(body),), "predictions")
    return ParsedRequest(rows_of(body["inputs"]), (_method(body),), "outputs")


def _method(body: dict[str, Any]) -> str | None:
    method, signature = text(body.get("method"), "method"), text(body.get("signature_name"), "signature_name")
    signature = None if signature in _DEFAULT else signature
    if method is not None and signature not in (None, method):
        named = f"method is {quoted(method)} and signature_name is {quoted(signature)}"
        raise bad_input("two_methods", f"The request names two methods: {named}")
    return method if method is not None else signature


def render(answers: Sequence[Answer], wanted: ParsedRequest) -> Reply:
    """Return the answer in the form of the request."""
    (answer,) = answers
    return Reply({wanted.form: answer.values})


def describe(served: ServedModel) -> Body:
    """Describe requests."""
    rows = rows_schema(served)
    properties = {
        "instances": rows,
        "inputs": any_of([by_column_schema(served), rows]),
        "method": method_schema(served),
        "signature_name": {**method_schema(served, *_DEFAULT), "description": "the same as method"},
    }
    schema = {**object_of(properties), "oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}]}
    return Body({JSON_TYPE: schema}, example_if_works(served, {"instances": shown_example(served)}))


def describe_answer(served: ServedModel) -> Schema:
    """Describe answers."""
    values = answers_schema(served)
    return any_of(object_of({name: values}, name) for name in ("predictions", "outputs"))


def models(server: Server, _request: ModelRequest) -> tuple[int, Any]:
    """Return the names of the models."""
    return 200, {"models": sorted(server.plane.routes)}


def status(server: Server, request: ModelRequest) -> tuple[int, Any]:
    """Return whether a model is served, and its versions.

    Raises
    ------
    ServingError
        404 if it is not, or not in that version.
    """
    route, wanted = server.plane.route(request.name), number(request.version)
    versions = sorted(route.versions) if wanted is None else [route.pick(wanted).version]
    served = [{"version": str(version), "state": "AVAILABLE", "status": _FINE} for version in versions]
    return 200, {"name": request.name, "ready": True, "model_version_status": served}


_STATE = object_of({"version": STRING, "state": STRING, "status": {"type": "object"}}, "version", "state", "status")
_STATES = {"name": STRING, "ready": {"type": "boolean"}, "model_version_status": array_of(_STATE)}
_STATUS = Question(
    "v1_model",
    "Whether the model is served, and in which versions",
    status,
    object_of(_STATES, *_STATES),
    refusals=(404,),
)
PROTOCOL = Protocol(
    route="predict",
    addresses=("/v1/models/<name>:predict", "/v1/models/<name>/versions/<version>:predict"),
    parse=parse,
    render=render,
    body=describe,
    answer=describe_answer,
    questions={
        "/v1/models": Question(
            "v1_models", "List the models", models, object_of({"models": array_of(STRING)}, "models")
        ),
        "/v1/models/<plain:name>": _STATUS,
        "/v1/models/<plain:name>/versions/<plain:version>": _STATUS,
    },
    root="/v1",
    errors=AS_TEXT,
)
