"""Which address does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, request

from serving.data.rows import Rows
from serving.dataplane.outputs import dumps
from serving.dataplane.plane import Answer, DataPlane
from serving.errors import ServingError
from serving.http import oip_routes
from serving.http.page import PAGE
from serving.openapi.document import describe
from serving.protocols import azure, mlflow
from serving.protocols.common import read_body, read_json

if TYPE_CHECKING:
    from serving.http.app import App

Scored = tuple[Answer, Any, Rows]
_JSON = "application/json"
_CSV = ("text/csv", "application/csv")


def add(app: App) -> None:
    """Add the routes of every protocol."""
    _add_azure(app)
    _add_mlflow(app)
    oip_routes.add(app)
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
        if not app.ready:
            raise ServingError(503, "not_ready", "No model is loaded", retry_after=1)
        return Response("Healthy", mimetype="text/plain")

    def score(name: str | None = None) -> Response:
        body = read_json(request)
        answer, form, rows = _score(app.plane, body, name or request.args.get("model"))
        return app.answered(answer, form, body, _count(rows), route="score")

    def swagger() -> Response:
        version = request.args.get("version", "2")
        version = {"2.0": "2", "3.0": "3"}.get(version, version)
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
        return Response("\n", 200 if app.ready else 503, mimetype="text/plain")

    app.post("/invocations", "invocations", invocations)
    app.post("/invocations/<name>", "invocations_model", invocations)
    app.get("/ping", "ping", ping)
    app.get("/health", "health", ping)
    app.get("/version", "version", lambda: Response(mlflow.VERSION, mimetype="text/plain"))
