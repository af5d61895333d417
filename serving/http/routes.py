"""The routes of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, request

from serving.data.rows import Rows
from serving.dataplane.outputs import dumps
from serving.errors import ServingError
from serving.http import oip_routes
from serving.http.page import PAGE
from serving.openapi.document import describe
from serving.protocols import mlflow
from serving.protocols.common import number, read_body, read_json
from serving.protocols.protocol import JsonProtocol, Question
from serving.protocols.registry import JSON_PROTOCOLS

if TYPE_CHECKING:
    from serving.http.app import App

_JSON = "application/json"
_CSV = ("text/csv", "application/csv")


def add(app: App) -> None:
    """Add the routes of every protocol."""
    for protocol in JSON_PROTOCOLS:
        _add_protocol(app, protocol)
    _add_pages(app)
    _add_health(app)
    oip_routes.add(app)
    app.get("/metrics", "metrics", app.metrics)


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, mimetype=_JSON)


def _count(rows: Rows) -> int:
    return len(rows.values) if hasattr(rows.values, "__len__") else 0


def _add_protocol(app: App, protocol: JsonProtocol) -> None:
    def score(name: str | None = None, version: str | None = None) -> Response:
        wanted, asked = name or request.args.get("model"), number(version)
        if protocol.parse_csv is not None and request.mimetype in _CSV:
            body, parsed = None, protocol.parse_csv(read_body(request))
        else:
            body = read_json(request)
            parsed = protocol.parse(body)
        answer, form, rows = protocol.answered(app.plane, parsed, body, wanted, asked)
        return app.answered(answer, form, body, _count(rows), route=protocol.route)

    for address in protocol.addresses:
        app.post(address, protocol.route, score)
    views = {one: _answering(app, one) for one in protocol.questions.values()}
    for address, question in protocol.questions.items():
        app.get(address, question.name, views[question])


def _answering(app: App, question: Question) -> Callable[..., Response]:
    def answer(name: str | None = None, version: str | None = None) -> Response:
        return _json(question.answer(app.plane, name, version))

    return answer


def _add_pages(app: App) -> None:
    def home() -> Response:
        if request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html":
            return Response(PAGE, mimetype="text/html")
        if not app.ready:
            raise ServingError(503, "not_ready", "No model is loaded", retry_after=1)
        return Response("Healthy", mimetype="text/plain")

    def swagger() -> Response:
        version = request.args.get("version", "2")
        version = {"2.0": "2", "3.0": "3"}.get(version, version)
        if version not in ("2", "3", "3.1"):
            raise ServingError(404, "no_such_version", f"There is no version {version!r}: 2, 3 or 3.1")
        return _json(describe(app.plane, version, needs_key=app.keys.needed))

    app.get("/", "home", home)
    app.get("/swagger.json", "swagger", swagger)
    app.get("/openapi.json", "openapi", lambda: _json(describe(app.plane, "3.1", needs_key=app.keys.needed)))


def _add_health(app: App) -> None:
    def ping() -> Response:
        return Response("\n", 200 if app.ready else 503, mimetype="text/plain")

    app.get("/ping", "ping", ping)
    app.get("/health", "health", ping)
    app.get("/version", "version", lambda: Response(mlflow.VERSION, mimetype="text/plain"))
