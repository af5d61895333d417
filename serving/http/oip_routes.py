"""The addresses of the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, request

from runner import __version__
from serving.dataplane.outputs import dumps
from serving.errors import ServingError
from serving.http.tracing import TRACE, Trace
from serving.protocols import oip, oip_binary
from serving.protocols.common import loads, mapping, number, read_typed

if TYPE_CHECKING:
    from serving.http.app import App

_JSON = "application/json"
_EXTENSIONS = ["model_repository", "binary_tensor_data"]
_View = Callable[..., Response]


def add(app: App) -> None:
    """Add the routes."""
    get, post = app.get, app.post
    get("/v2", "server", _server)
    get("/v2/health/live", "live", lambda: _json({"live": True}))
    get("/v2/health/ready", "ready", lambda: _json({"ready": app.ready}, 200 if app.ready else 503))
    _add_repository(app)
    for prefix, suffix in (("/v2/models/<name>", ""), ("/v2/models/<name>/versions/<version>", "_version")):
        get(prefix, f"model{suffix}", _model(app))
        get(f"{prefix}/ready", f"model_ready{suffix}", _model_ready(app))
        post(f"{prefix}/infer", f"infer{suffix}", _infer(app))


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, mimetype=_JSON)


def _server() -> Response:
    return _json({"name": "vivero", "version": __version__, "extensions": _EXTENSIONS})


def _model(app: App) -> _View:
    def model(name: str, version: str | None = None) -> Response:
        route = app.plane.route(name)
        return _json(oip.metadata(route.pick(number(version)), sorted(route.versions)))

    return model


def _model_ready(app: App) -> _View:
    def model_ready(name: str, version: str | None = None) -> Response:
        app.plane.route(name).pick(number(version))
        return _json({"ready": True})

    return model_ready


def _infer(app: App) -> _View:
    def infer(name: str, version: str | None = None) -> Response:
        content = read_typed(request, (oip_binary.KIND,))
        head, tail = oip_binary.split(content, request.headers.get(oip_binary.LENGTH))
        body = oip_binary.fill(mapping(loads(head)), tail)
        route, asked = app.plane.route(name), number(version)
        served = route.pick(asked)  # once: what its rows look like and what answers them is the same version
        wanted = oip.parse(body, served)
        answers = app.plane.answers(route, served, wanted.rows, wanted.methods, mirrored=asked is None)
        form, binary = oip.render(answers, wanted)
        trace: Trace = request.environ[TRACE]
        trace.route = "infer"
        app.note(trace, answers[0], form, body, len(wanted.rows))
        if not binary:
            return _json(form)
        packed, length = oip_binary.pack(form, binary)
        return Response(packed, headers={oip_binary.LENGTH: str(length)}, mimetype=oip_binary.KIND)

    return infer


def _add_repository(app: App) -> None:
    def index() -> Response:
        found = []
        names = app.repository.names() if app.repository is not None else []
        for name in sorted({*names, *app.plane.routes}):
            route = app.plane.routes.get(name)
            if route is None:
                found.append({"name": name, "state": "UNAVAILABLE", "reason": "unloaded"})
                continue
            for version in sorted(route.versions):
                found.append({"name": name, "version": str(version), "state": "READY", "reason": ""})
        content = read_typed(request)
        if content and mapping(loads(content)).get("ready") is True:  # Triton's client sends nothing at all
            found = [one for one in found if one["state"] == "READY"]
        return _json(found)

    def change(name: str, action: str) -> Response:
        if app.repository is None or not app.keys.needed:
            raise ServingError(403, "needs_keys", "Models are loaded and unloaded only where keys are in use: auth=key")
        (app.repository.load if action == "load" else app.repository.unload)(name)
        return _json({})

    app.post("/v2/repository/index", "index", index)
    app.post("/v2/repository/models/<name>/load", "load", lambda name: change(name, "load"))
    app.post("/v2/repository/models/<name>/unload", "unload", lambda name: change(name, "unload"))
