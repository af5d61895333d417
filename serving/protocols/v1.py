"""Version 1 of the inference protocol: that of TensorFlow Serving, which KServe took over.

``POST /v1/models/NAME:predict`` takes rows as ``instances`` and gives ``predictions``, or takes columns as ``inputs``
and gives ``outputs`` (tensorflow.org/tfx/serving/api_rest). ``signature_name`` names the method; what TensorFlow calls
``serving_default`` is the model's default. ``GET /v1/models/NAME`` says what both ask for: KServe whether it is ready
(kserve.github.io, "V1 Protocol"), TensorFlow Serving which versions there are.
"""

from __future__ import annotations

from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer, DataPlane
from serving.errors import bad_input
from serving.openapi.bodies import example_if_works, object_of, rows_schema, shown_example
from serving.openapi.operations import JSON, Body
from serving.protocols.common import by_column, mapping, number, text
from serving.protocols.protocol import JsonProtocol, Question

_DEFAULT = ("serving_default", "")  # signatures that mean the model's own choice
_FINE = {"error_code": "OK", "error_message": ""}


def parse(body: Any) -> tuple[Rows, str | None]:
    """Return rows and method of a request."""
    body = mapping(body)
    if "instances" in body and "inputs" in body:
        raise bad_input("no_rows", "Send instances or inputs, not both")
    if "instances" not in body and "inputs" not in body:
        raise bad_input("no_rows", "The request has neither instances (rows) nor inputs (columns)")
    method = text(body.get("signature_name"), "signature_name")
    value = body["inputs"] if "inputs" in body else body["instances"]
    rows = by_column(value) if "inputs" in body and isinstance(value, dict) else Rows(value)
    return rows, None if method in _DEFAULT else method


def render(answer: Answer, body: Any) -> dict[str, Any]:
    """Return the answer in the form of the request."""
    return {"predictions" if "instances" in body else "outputs": answer.values}


def describe(served: ServedModel) -> Body:
    """Return what a request holds."""
    methods = {"type": "string", "enum": [*served.schema.methods, *_DEFAULT]}
    schema = object_of({"instances": rows_schema(served), "signature_name": methods}, "instances")
    return Body({JSON: schema}, example_if_works(served, {"instances": shown_example(served)}))


def models(plane: DataPlane, _name: str | None, _version: str | None) -> dict[str, Any]:
    """Return the names of the models."""
    return {"models": sorted(plane.routes)}


def status(plane: DataPlane, name: str | None, version: str | None) -> dict[str, Any]:
    """Return that a model is served, and in which versions.

    Raises
    ------
    ServingError
        404 if it is not, or not in that version.
    """
    route, wanted = plane.route(name), number(version)
    versions = sorted(route.versions) if wanted is None else [route.pick(wanted).version]
    served = [{"version": str(one), "state": "AVAILABLE", "status": _FINE} for one in versions]
    return {"name": name, "ready": True, "model_version_status": served}


_STATUS = Question("v1_model", "Whether the model is served, and in which versions", status)
PROTOCOL = JsonProtocol(
    route="predict",
    addresses=("/v1/models/<name>:predict", "/v1/models/<name>/versions/<version>:predict"),
    parse=parse,
    render=render,
    body=describe,
    questions={
        "/v1/models": Question("v1_models", "Which models there are", models),
        "/v1/models/<plain:name>": _STATUS,
        "/v1/models/<plain:name>/versions/<plain:version>": _STATUS,
    },
)
