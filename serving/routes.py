"""Which address does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, request

from serving.errors import ServingError
from serving.openapi import describe
from serving.outputs import dumps
from serving.page import PAGE
from serving.plane import Answer, DataPlane
from serving.protocols import azure, mlflow, oip
from serving.protocols.common import mapping, read_body, read_json, text
from serving.rows import Rows

if TYPE_CHECKING:
    from serving.app import App

Scored = tuple[Answer, Any, Rows]
_JSON = "application/json"
_CSV = ("text/csv", "application/csv")


def add(app: App) -> None:
    """Add the routes of every protocol."""
    _add_azure(app)
    _add_mlflow(app)
    _add_oip(app)
    app.get("/metrics", "metrics", app.metrics)


PARSERS: dict[str, Callable[[Any], tuple[Rows, str | None]]] = {"score": azure.parse, "invocations": mlflow.parse}
RENDERERS: dict[str, Callable[[Answer, Any], Any]] = {
    "score": azure.render,
    "invocations": lambda answer, _body: mlflow.render(answer),
}


def _score(plane: DataPlane, body: Any, name: str | None) -> Scored:
    rows, method = azure.parse(body)
    answer = plane.answer(rows, name=name, method=method)
    return answer, azure.render(answer, body), rows


def _invocations(plane: DataPlane, body: Any, name: str | None) -> Scored:
    rows, method = mlflow.parse(body)
    answer = plane.answer(rows, name=name, method=method)
    return answer, mlflow.render(answer), rows


SCORING: dict[str, Callable[[DataPlane, Any, str | None], Scored]] = {"score": _score, "invocations": _invocations}


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, mimetype=_JSON)


def _count(rows: Rows) -> int:
    return len(rows.values) if hasattr(rows.values, "__len__") else 0


def _add_azure(app: App) -> None:
    def home() -> Response:
        if request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html":
            return Response(PAGE, mimetype="text/html")
        if not app.plane.ready:
            raise ServingError(503, "not_ready", "No model is loaded", retry_after=1)
        return Response("Healthy", mimetype="text/plain")

    def score(name: str | None = None) -> Response:
        body = read_json(request)
        answer, form, rows = _score(app.plane, body, name or request.args.get("model"))
        return app.answered(answer, form, body, _count(rows), route="score")

    def swagger() -> Response:
        version = request.args.get("version", "2")
        if version not in ("2", "3", "3.1"):
            raise ServingError(404, "no_such_version", f"There is no version {version!r}: 2, 3 or 3.1")
        return _json(describe(app.plane, version, needs_key=app.keys.needed))

    app.get("/", "home", home)
    app.post("/score", "score", score)
    app.post("/score/<name>", "score_model", score)
    app.get("/swagger.json", "swagger", swagger)
    app.get("/openapi.json", "openapi", lambda: _json(describe(app.plane, "3.1", needs_key=app.keys.needed)))


def _add_mlflow(app: App) -> None:
    def invocations(name: str | None = None) -> Response:
        wanted = name or request.args.get("model")
        if request.mimetype not in _CSV:
            body = read_json(request)
            answer, form, rows = _invocations(app.plane, body, wanted)
            return app.answered(answer, form, body, _count(rows), route="invocations")
        rows, method = mlflow.parse_csv(read_body(request))
        answer = app.plane.answer(rows, name=wanted, method=method)
        return app.answered(answer, mlflow.render(answer), None, _count(rows), route="invocations")

    def ping() -> Response:
        return Response("\n", 200 if app.plane.ready else 503, mimetype="text/plain")

    app.post("/invocations", "invocations", invocations)
    app.post("/invocations/<name>", "invocations_model", invocations)
    app.get("/ping", "ping", ping)
    app.get("/health", "health", ping)
    app.get("/version", "version", lambda: Response(mlflow.VERSION, mimetype="text/plain"))


def _add_oip(app: App) -> None:
    def server() -> Response:
        return _json({"name": "vivero", "version": mlflow.VERSION, "extensions": ["model_repository"]})

    def ready() -> Response:
        return _json({"ready": app.plane.ready}, 200 if app.plane.ready else 503)

    def model(name: str, version: str | None = None) -> Response:
        route = app.plane.route(name)
        return _json(oip.metadata(route.pick(oip.number(version)), sorted(route.versions)))

    def model_ready(name: str, version: str | None = None) -> Response:
        app.plane.route(name).pick(oip.number(version))
        return _json({"ready": True})

    def infer(name: str, version: str | None = None) -> Response:
        body = mapping(read_json(request, others=("application/octet-stream",)))
        number = oip.number(version)
        served = app.plane.route(name).pick(number)
        rows, method = oip.parse(body, served)
        answer = app.plane.answer(rows, name=name, version=number, method=method)
        form = oip.render(answer, text(body.get("id"), "id"))
        return app.answered(answer, form, body, _count(rows), route="infer")

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
        if mapping(read_json(request)).get("ready") is True:
            found = [one for one in found if one["state"] == "READY"]
        return _json(found)

    def change(name: str, action: str) -> Response:
        if app.repository is None or not app.keys.needed:
            raise ServingError(403, "needs_keys", "Models are loaded and unloaded only where keys are in use: auth=key")
        (app.repository.load if action == "load" else app.repository.unload)(name)
        return _json({})

    app.get("/v2", "server", server)
    app.get("/v2/health/live", "live", lambda: _json({"live": True}))
    app.get("/v2/health/ready", "ready", ready)
    app.post("/v2/repository/index", "index", index)
    app.post("/v2/repository/models/<name>/load", "load", lambda name: change(name, "load"))
    app.post("/v2/repository/models/<name>/unload", "unload", lambda name: change(name, "unload"))
    for prefix, suffix in (("/v2/models/<name>", ""), ("/v2/models/<name>/versions/<version>", "_version")):
        app.get(prefix, f"model{suffix}", model)
        app.get(f"{prefix}/ready", f"model_ready{suffix}", model_ready)
        app.post(f"{prefix}/infer", f"infer{suffix}", infer)
