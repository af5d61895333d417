"""The requests that ask about the server, its models and their repository."""

from __future__ import annotations

from functools import partial
from typing import Any

from runner import __version__
from serving.errors import ServingError
from serving.protocols.common import mapping, number
from serving.protocols.oip.metadata import metadata
from serving.protocols.protocol import ModelRequest, Question, Server
from serving.protocols.schemas import JSON_TYPE, STRING, Body, array_of, object_of

_EXTENSIONS = ["model_repository", "binary_tensor_data"]


def server(_server: Server, _request: ModelRequest) -> tuple[int, Any]:
    """Return the answer to ``GET /v2``."""
    return 200, {"name": "vivero", "version": __version__, "extensions": _EXTENSIONS}


def ready(server: Server, _request: ModelRequest) -> tuple[int, Any]:
    """Return whether models are served."""
    return 200 if server.ready else 503, {"ready": server.ready}


def model(server: Server, request: ModelRequest) -> tuple[int, Any]:
    """Return the metadata of a model."""
    route = server.plane.route(request.name)
    return 200, metadata(route.pick(number(request.version)), sorted(route.versions))


def model_ready(server: Server, request: ModelRequest) -> tuple[int, Any]:
    """Return that a model is ready.

    Raises
    ------
    ServingError
        404 if it is not.
    """
    server.plane.route(request.name).pick(number(request.version))
    return 200, {"ready": True}


def index(server: Server, request: ModelRequest) -> tuple[int, Any]:
    """Return the models and their states. With ``{"ready": true}``, return only those that are served."""
    entries = []
    names = server.repository.names() if server.repository is not None else []
    for name in sorted({*names, *server.plane.routes}):
        route = server.plane.routes.get(name)
        if route is None:
            entries.append({"name": name, "state": "UNAVAILABLE", "reason": "unloaded"})
            continue
        for version in sorted(route.versions):
            entries.append({"name": name, "version": str(version), "state": "READY", "reason": ""})
    if request.body is not None and mapping(request.body).get("ready") is True:  # Triton's client sends no body
        entries = [entry for entry in entries if entry["state"] == "READY"]
    return 200, entries


def change(action: str, server: Server, request: ModelRequest) -> tuple[int, Any]:
    """Load or unload a model.

    Raises
    ------
    ServingError
        403 if the endpoint uses no keys.
    """
    if server.repository is None or not server.has_keys:
        raise ServingError(403, "needs_keys", "Models can be loaded and unloaded only where keys are in use: auth=key")
    getattr(server.repository, action)(request.name)
    return 200, {}


_READY = object_of({"ready": {"type": "boolean"}}, "ready")
_LIVE = object_of({"live": {"type": "boolean"}}, "live")
_SERVER = object_of({"name": STRING, "version": STRING, "extensions": array_of(STRING)}, "name", "version")
_METADATA = object_of(
    {
        "name": STRING,
        "versions": array_of(STRING),
        "platform": STRING,
        "inputs": {"type": "array"},
        "outputs": {"type": "array"},
        "parameters": {"type": "object"},
    },
    "name",
    "versions",
    "platform",
    "inputs",
    "outputs",
)
_INDEX = array_of(object_of(dict.fromkeys(("name", "version", "state", "reason"), STRING), "name", "state", "reason"))
_MODEL = Question("model", "The model's inputs and outputs", model, _METADATA, refusals=(404,))
_MODEL_READY = Question("model_ready", "Whether the model is served", model_ready, _READY, refusals=(404,))
_ONLY_READY = Body({JSON_TYPE: object_of({"ready": {}})}, required=False)
QUESTIONS = {
    "/v2": Question("server", "Name, version and extensions of the server", server, _SERVER),
    "/v2/health/live": Question("live", "Whether the server runs", lambda *_: (200, {"live": True}), _LIVE),
    "/v2/health/ready": Question("ready", "Whether models are served", ready, _READY, not_ready=_READY),
    "/v2/models/<name>": _MODEL,
    "/v2/models/<name>/versions/<version>": _MODEL,
    "/v2/models/<name>/ready": _MODEL_READY,
    "/v2/models/<name>/versions/<version>/ready": _MODEL_READY,
    "/v2/repository/index": Question("index", "List the models", index, _INDEX, method="POST", body=_ONLY_READY),
    **{
        f"/v2/repository/models/<name>/{action}": Question(
            action,
            f"{action.capitalize()} the model",
            partial(change, action),
            {"type": "object"},
            method="POST",
            refusals=(403, 404),
        )
        for action in ("load", "unload")
    },
}
