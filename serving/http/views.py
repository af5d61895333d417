"""The Flask views: those of each protocol, built from its object, and the server's own pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, request

from serving.dataplane.outputs import dumps
from serving.errors import ServingError, quoted
from serving.http.access_check import HEALTH
from serving.http.exchange import exchange_of
from serving.http.page import PAGE
from serving.http.service import Service
from serving.observe.telemetry import exposition
from serving.openapi.document import describe
from serving.openapi.operations import VERSIONS
from serving.protocols.common import number, read
from serving.protocols.protocol import ModelRequest, Protocol, Question
from serving.protocols.registry import PROTOCOLS
from serving.protocols.schemas import JSON_TYPE, TEXT_TYPE

_ALSO = {"2.0": "2", "3.0": "3"}  # other names of OpenAPI's versions


def add(flask: Flask, service: Service, shared_metrics: Path | None) -> None:
    """Add the views of every protocol and the server's own.

    Parameters
    ----------
    flask : Flask
        The application.
    service : Service
        The models and their state.
    shared_metrics : Path or None
        The folder where several server processes keep their counters.
    """
    for protocol in PROTOCOLS:
        _add_protocol(flask, service, protocol)
    _add_description(flask, service)
    flask.add_url_rule("/", "home", lambda: _home(service))
    flask.add_url_rule("/metrics", "metrics", lambda: _metrics(shared_metrics))


def _add_protocol(flask: Flask, service: Service, protocol: Protocol) -> None:
    score = _scoring(service, protocol)
    for address in protocol.addresses:
        flask.add_url_rule(address, protocol.route, score, methods=["POST"])
    views = {question.name: _question_view(service, question) for question in protocol.questions.values()}
    for address, question in protocol.questions.items():
        flask.add_url_rule(address, question.name, views[question.name], methods=[question.method])


def _scoring(service: Service, protocol: Protocol) -> Callable[..., Response]:
    def score(name: str | None = None, version: str | None = None) -> Response:
        model, method = name or request.args.get("model"), request.args.get("method")
        body = read(request, protocol.readers)
        answers, reply, wanted = protocol.score(service.plane, body, model, number(version), method)
        service.note(exchange_of(request.environ), answers, reply.form, body, len(wanted.rows))
        content, kind, headers = reply.packed()
        return Response(content, headers=headers, mimetype=kind)

    return score


def _question_view(service: Service, question: Question) -> Callable[..., Response]:
    def ask(name: str | None = None, version: str | None = None) -> Response:
        body = read(request, {}) if question.body is not None and request.content_length else None
        status, content = question.answer(service, ModelRequest(name, version, body))
        return Response(content if question.kind == TEXT_TYPE else dumps(content), status, mimetype=question.kind)

    return ask


def _home(service: Service) -> Response:
    if request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html":
        return Response(PAGE, mimetype="text/html")
    if not service.ready:
        raise ServingError(503, "not_ready", "No model is loaded", retry_after=1)
    return Response("Healthy", mimetype=TEXT_TYPE)


def _metrics(shared: Path | None) -> Response:
    content, kind = exposition(shared)
    return Response(content, content_type=kind)


def _add_description(flask: Flask, service: Service) -> None:
    def described(version: str) -> Response:
        document = describe(service.plane, version, HEALTH if service.has_keys else None)
        return Response(dumps(document), mimetype=JSON_TYPE)

    def swagger() -> Response:
        given = request.args.get("version", "2")
        version = _ALSO.get(given, given)
        if version not in VERSIONS:
            raise ServingError(404, "no_such_version", f"OpenAPI {quoted(given)} is not known. Use 2, 3 or 3.1")
        return described(version)

    flask.add_url_rule("/swagger.json", "swagger", swagger)
    flask.add_url_rule("/openapi.json", "openapi", lambda: described("3.1"))
