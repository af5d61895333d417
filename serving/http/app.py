"""The Flask app: routes of every protocol onto one data plane."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, UnicodeConverter

from runner.io.clock import now
from serving.dataplane.outputs import dumps
from serving.dataplane.plane import Answer, DataPlane
from serving.errors import ServingError
from serving.http import routes
from serving.http.door import Door
from serving.http.keys import Keys
from serving.http.room import Room
from serving.http.shortcut import Shortcut
from serving.http.tracing import TRACE, Trace, Tracing
from serving.observe.telemetry import Telemetry, exposition

if TYPE_CHECKING:
    from serving.process.deployer import Deployer

_JSON = "application/json"


class App:
    """One server process's app.

    Parameters
    ----------
    plane : DataPlane
        What answers.
    keys : Keys
        Who may ask.
    telemetry : Telemetry
        Who is told.
    hosts : tuple of str or None
        Names that it is asked by; None: any.
    room : Room or None
        What the process holds; None: as much as comes.
    max_bytes : int
        Of one request's body.
    cors : tuple of str
        Origins whose pages may ask.
    shared_metrics : Path or None
        Where several server processes keep their counters.
    repository : Deployer or None
        What loads and unloads models for clients that have a key.
    """

    def __init__(
        self,
        plane: DataPlane,
        keys: Keys,
        telemetry: Telemetry,
        *,
        hosts: tuple[str, ...] | None = None,
        room: Room | None = None,
        max_bytes: int = 16 << 20,
        cors: tuple[str, ...] = (),
        shared_metrics: Path | None = None,
        repository: Deployer | None = None,
    ) -> None:
        self.plane, self.keys, self.telemetry, self.shared_metrics = plane, keys, telemetry, shared_metrics
        self.repository = repository
        self.door = Door(keys, hosts)
        self.room = room or Room(sys.maxsize, sys.maxsize)
        self.flask = Flask("serving", static_folder=None)
        self.flask.config["MAX_CONTENT_LENGTH"] = max_bytes
        self.flask.url_map.converters["plain"] = _Plain
        self.flask.url_map.merge_slashes = False  # a redirection would be a page, and clients of APIs follow none
        self.flask.register_error_handler(ServingError, self._refused)
        self.flask.register_error_handler(HTTPException, self._http)
        self.flask.register_error_handler(Exception, self._failed)
        self.flask.before_request(_name_route)
        routes.add(self)
        self.shortcut = Shortcut(self.flask.wsgi_app, self)
        self.flask.wsgi_app = Tracing(self.shortcut, self.door, telemetry, cors)  # type: ignore[method-assign]

    def get(self, rule: str, name: str, function: Callable[..., Any]) -> None:
        """Add a route for GET."""
        self.flask.add_url_rule(rule, name, function, methods=["GET"])

    def post(self, rule: str, name: str, function: Callable[..., Any]) -> None:
        """Add a route for POST."""
        self.flask.add_url_rule(rule, name, function, methods=["POST"])

    def answered(self, answer: Answer, form: Any, payload: Any, rows: int, *, route: str) -> Response:
        """Return an answer as the response, and note what is to be told of it."""
        trace: Trace = request.environ[TRACE]
        trace.route = route
        self.note(trace, answer, form, payload, rows)
        return Response(dumps(form), mimetype=_JSON)

    def note(self, trace: Trace, answer: Answer, form: Any, payload: Any, rows: int) -> None:
        """Keep what is to be told of an answer."""
        trace.answer, trace.rows = answer, rows
        if self.telemetry.keep_payload() and self.telemetry.payloads is not None:
            line = {"time": now(), "request_id": trace.request_id, "model": answer.served.name}
            line |= {"version": answer.served.version, "request": payload, "answer": form}
            self.telemetry.payloads.add(line)

    def refusal(self, error: ServingError, trace: Trace) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status line, headers and content of a refusal; a traceback goes to the log."""
        if error.__cause__ is not None:
            where = "".join(traceback.format_exception(error.__cause__))
            print(f"request {trace.request_id}: {error.message}\n{where}", flush=True)
        headers = [("Content-Type", _JSON)]
        if error.retry_after is not None:
            headers.append(("Retry-After", str(error.retry_after)))
        return f"{error.status} {error.code}", headers, trace.refusal(error)

    def prepare(self, environs: list[dict[str, Any]]) -> None:
        """Make ready what requests of the same moment, all let in, can share; see `Shortcut.prepare`."""
        if self.plane.shares_calls():
            self.shortcut.prepare(environs)

    @property
    def ready(self) -> bool:
        """Tell whether requests will be answered, also on further connections."""
        return self.plane.ready and not self.room.full

    def metrics(self) -> Response:
        """Return ``/metrics``."""
        content, kind = exposition(self.shared_metrics)
        return Response(content, content_type=kind)

    def _refused(self, error: ServingError) -> Response:
        trace: Trace = request.environ[TRACE]
        trace.route = request.endpoint or "none"
        _, headers, content = self.refusal(error, trace)
        return Response(content, error.status, headers)

    def _http(self, error: HTTPException) -> Response:
        """Say werkzeug's own refusals, 404, 405 and 413 above all, as ours."""
        name = (error.name or "error").lower().replace(" ", "_")
        refused = ServingError(error.code or 500, name, error.description or name)
        response = self._refused(refused)
        for key, value in error.get_headers():
            if key.lower() == "allow":
                response.headers[key] = value
        return response

    def _failed(self, error: Exception) -> Response:
        trace: Trace = request.environ[TRACE]
        print(f"request {trace.request_id}: a mistake of the server\n{traceback.format_exc()}", flush=True)
        return self._refused(ServingError(500, "internal", f"The server failed: {type(error).__name__}"))


class _Plain(UnicodeConverter):
    """A part of an address without a colon."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map)
        self.regex = "[^/:]+"


def _name_route() -> None:
    """Let metrics and log say which route it was, also where no model answers."""
    trace: Trace = request.environ[TRACE]
    trace.route = request.endpoint or "none"
