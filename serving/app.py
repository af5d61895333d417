"""The Flask app: routes of every protocol onto one data plane."""

from __future__ import annotations

import os
import re
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from serving.errors import ServingError
from serving.keys import Keys
from serving.outputs import dumps
from serving.plane import Answer, DataPlane
from serving.telemetry import Telemetry, exposition

HEALTH = ("home", "ping", "health", "live", "ready", "version")  # answered without a key
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
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
    max_bytes : int
        Of one request's body.
    cors : tuple of str
        Origins whose pages may ask.
    shared_metrics : Path or None
        Where several server processes keep their counters.
    """

    def __init__(
        self,
        plane: DataPlane,
        keys: Keys,
        telemetry: Telemetry,
        *,
        max_bytes: int = 16 << 20,
        cors: tuple[str, ...] = (),
        shared_metrics: Path | None = None,
    ) -> None:
        self.plane, self.keys, self.telemetry = plane, keys, telemetry
        self.cors, self.shared_metrics = cors, shared_metrics
        self.flask = Flask("serving", static_folder=None)
        self.flask.config["MAX_CONTENT_LENGTH"] = max_bytes
        self.flask.before_request(self._before)
        self.flask.after_request(self._after)
        self.flask.register_error_handler(ServingError, self._refused)
        self.flask.register_error_handler(HTTPException, self._http)
        self.flask.register_error_handler(Exception, self._failed)
        from serving import routes

        routes.add(self)

    def get(self, rule: str, name: str, function: Callable[..., Any]) -> None:
        """Add a route for GET."""
        self.flask.add_url_rule(rule, name, function, methods=["GET"])

    def post(self, rule: str, name: str, function: Callable[..., Any]) -> None:
        """Add a route for POST."""
        self.flask.add_url_rule(rule, name, function, methods=["POST"])

    def answered(self, answer: Answer, form: Any, payload: Any, rows: int) -> Response:
        """Return an answer as the response, and note what is to be told of it."""
        g.answer, g.rows = answer, rows
        response = Response(dumps(form), mimetype=_JSON)
        response.headers["x-model-version"] = f"{answer.served.name}:{answer.served.version}"
        if answer.served.warning:
            response.headers["x-model-warning"] = answer.served.warning
        if self.telemetry.keep_payload() and self.telemetry.payloads is not None:
            line = {"time": _now(), "request_id": g.request_id, "model": answer.served.name}
            line |= {"version": answer.served.version, "request": payload, "answer": form}
            self.telemetry.payloads.add(line)
        return response

    def metrics(self) -> Response:
        """Return ``/metrics``."""
        content, kind = exposition(self.shared_metrics)
        return Response(content, content_type=kind)

    def _before(self) -> None:
        g.started = time.perf_counter()
        given = request.headers.get("x-request-id") or request.headers.get("x-ms-request-id") or ""
        g.request_id = given if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()
        g.error = g.answer = g.rows = None
        if request.method == "OPTIONS" or not self.keys.needed or request.endpoint in HEALTH:
            return
        if not self.keys.admit(request.headers.get("Authorization")):
            raise ServingError(401, "no_key", "This endpoint needs a key: Authorization: Bearer KEY")

    def _after(self, response: Response) -> Response:
        headers = response.headers
        headers["x-request-id"] = headers["x-ms-request-id"] = g.request_id
        client = request.headers.get("x-ms-client-request-id", "")
        if _REQUEST_ID.fullmatch(client):
            headers["x-ms-client-request-id"] = client
        if self.cors and request.headers.get("Origin") in self.cors:
            headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            headers["Vary"] = "Origin"
        served = g.answer.served if g.answer is not None else None
        self.telemetry.request(
            {
                "time": _now(),
                "request_id": g.request_id,
                "client": request.remote_addr,
                "http": request.method,
                "path": request.path[:200],
                "route": request.endpoint or "none",
                "status": response.status_code,
                "seconds": round(time.perf_counter() - g.started, 6),
                "model": served.name if served else None,
                "version": served.version if served else None,
                "method": g.answer.method if g.answer is not None else None,
                "rows": g.rows,
                "error": g.error,
            }
        )
        return response

    def _refused(self, error: ServingError) -> Response:
        g.error = error.code
        if error.__cause__ is not None:
            trace = "".join(traceback.format_exception(error.__cause__))
            print(f"request {g.request_id}: {error.message}\n{trace}", flush=True)
        response = Response(dumps(error.body(g.request_id)), error.status, mimetype=_JSON)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

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
        print(f"request {g.request_id}: a mistake of the server\n{traceback.format_exc()}", flush=True)
        return self._refused(ServingError(500, "internal", f"The server failed: {type(error).__name__}"))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
