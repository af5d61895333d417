"""Assembles the WSGI application of one server process: views, shortcut, tracing."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, UnicodeConverter

from serving.dataplane.plane import DataPlane
from serving.errors import ServingError
from serving.http import unmatched, views
from serving.http.access_check import AccessCheck
from serving.http.connections.memory_budget import MemoryBudget
from serving.http.exchange import exchange_of
from serving.http.keys import Keys
from serving.http.service import Service
from serving.http.shortcut import Shortcut
from serving.http.tracing import Tracing
from serving.observe.telemetry import Telemetry
from serving.protocols.protocol import Repository


class App:
    """One server process's application.

    Parameters
    ----------
    plane : DataPlane
        The models.
    keys : Keys
        The keys that requests need.
    telemetry : Telemetry
        Counts and logs requests.
    hosts : tuple of str or None
        Names that clients may use for the endpoint. None allows any name.
    memory_budget : MemoryBudget or None
        Limits what the process holds at a time. None means no limit.
    max_bytes : int
        The largest body of a request.
    cors : tuple of str
        Origins whose pages may send requests.
    shared_metrics : Path or None
        The folder where several server processes keep their counters.
    repository : Repository or None
        Loads and unloads models for clients that have a key.
    """

    def __init__(
        self,
        plane: DataPlane,
        keys: Keys,
        telemetry: Telemetry,
        *,
        hosts: tuple[str, ...] | None = None,
        memory_budget: MemoryBudget | None = None,
        max_bytes: int = 16 << 20,
        cors: tuple[str, ...] = (),
        shared_metrics: Path | None = None,
        repository: Repository | None = None,
    ) -> None:
        self.plane, self.telemetry = plane, telemetry
        self.access_check = AccessCheck(keys, hosts)
        self.memory_budget = memory_budget or MemoryBudget(sys.maxsize, sys.maxsize)
        service = Service(plane, telemetry, self.memory_budget, has_keys=keys.needed, repository=repository)
        self.flask = _flask(plane, max_bytes)
        views.add(self.flask, service, shared_metrics)
        self._shortcut = Shortcut(self.flask.wsgi_app, service)
        self.wsgi = Tracing(self._shortcut, self.access_check, telemetry, cors)
        self.flask.wsgi_app = self.wsgi  # type: ignore[method-assign]

    def prepare(self, environs: list[dict[str, Any]]) -> None:
        """Compute in one call what simultaneous requests can share. All passed the access check.

        See `Shortcut.prepare`.
        """
        if self.plane.shares_calls():
            self._shortcut.prepare(environs)


def _flask(plane: DataPlane, max_bytes: int) -> Flask:
    """Return a Flask application without views that answers errors in our form."""
    flask = Flask("serving", static_folder=None)
    flask.config["MAX_CONTENT_LENGTH"] = max_bytes
    flask.url_map.converters["plain"] = _Plain
    flask.url_map.merge_slashes = False  # it would redirect with an HTML page, and API clients do not follow that

    def of_http(error: HTTPException) -> Response:
        return _refused(unmatched.of_http(error, request.path, request.method, flask.url_map, plane))

    flask.register_error_handler(ServingError, _refused)
    flask.register_error_handler(HTTPException, of_http)
    flask.register_error_handler(Exception, _failed)
    flask.before_request(_name_route)
    return flask


def _refused(error: ServingError) -> Response:
    exchange = exchange_of(request.environ)
    exchange.route = request.endpoint or "none"
    status, headers, content = exchange.refusal(error)
    return Response(content, status, headers)


def _failed(error: Exception) -> Response:
    exchange = exchange_of(request.environ)
    print(f"request {exchange.request_id}: a bug in the server\n{traceback.format_exc()}", flush=True)
    return _refused(ServingError(500, "internal", f"The server failed: {type(error).__name__}"))


class _Plain(UnicodeConverter):
    """A part of an address without a colon."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map)
        self.regex = "[^/:]+"


def _name_route() -> None:
    """Record the route for metrics and the log, even if no model answers."""
    exchange_of(request.environ).route = request.endpoint or "none"
