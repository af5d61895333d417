"""A WSGI layer around Flask: a request's id, its headers, its line in the log."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from runner.io.clock import now
from serving.dataplane.outputs import dumps
from serving.errors import ServingError, is_text
from serving.http.door import Door, TurnedAway
from serving.observe.telemetry import Telemetry

if TYPE_CHECKING:
    from serving.dataplane.plane import Answer

# Keys of a request's WSGI environ.
TRACE = "vivero.trace"
BEGUN = "vivero.begun"  # the second at which waiting for an answer began, where that was before this layer
REFUSAL = "vivero.refusal"  # the error it is to be answered with, whatever it asks
TOLD_BY = "vivero.told_by"  # who counts and logs it: its thread, or whoever gave it up before
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Trace:
    """What is known of one request; the routes add what they learn."""

    __slots__ = ("_as_text", "answer", "error", "request_id", "route", "rows")

    def __init__(self, request_id: str, path: str) -> None:
        self.request_id, self.route = request_id, "none"
        self._as_text = is_text(path)
        self.answer: Answer | None = None
        self.rows: int | None = None
        self.error: str | None = None

    def refusal(self, error: ServingError) -> bytes:
        """Return the content of a refusal, in the form of the protocol that was spoken."""
        self.error = error.code
        return dumps(error.body(self.request_id, as_text=self._as_text))


class Tracing:
    """Lets a request in, and tells of it afterwards."""

    def __init__(self, inner: Wsgi, door: Door, telemetry: Telemetry, cors: tuple[str, ...]) -> None:
        self._inner, self._door, self._telemetry, self._cors = inner, door, telemetry, cors

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        begun = environ.get(BEGUN) or time.perf_counter()
        refusal: ServingError | None = environ.get(REFUSAL)
        trace = environ[TRACE] = Trace(_request_id(environ), environ["PATH_INFO"])
        statuses: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            statuses.append(int(status[:3]))
            headers += self._headers(environ, trace)
            return start_response(status, headers, *([error] if error else []))

        try:
            if refusal is None:
                self._door.check(environ)
        except TurnedAway as turned_away:
            refusal = turned_away
        content = self._inner(environ, start) if refusal is None else _refuse(trace, start, refusal)
        if refusal is not None or environ.setdefault(TOLD_BY, self) is self:
            line = self._line(environ, trace, statuses[0], time.perf_counter() - begun)
            anybody = isinstance(refusal, TurnedAway) or self._door.knows_nobody(environ)
            self._telemetry.request(line, sampled=anybody)
        return content

    def _headers(self, environ: dict[str, Any], trace: Trace) -> list[tuple[str, str]]:
        found = [("x-request-id", trace.request_id), *_azure_ids(environ, trace.request_id)]
        if trace.answer is not None:
            served = trace.answer.served
            found.append(("x-model-version", f"{served.name}:{served.version}"))
            if served.warning:
                found.append(("x-model-warning", served.warning))
        origin = environ.get("HTTP_ORIGIN")
        if self._cors and origin in self._cors:
            found += [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
            found.append(("Access-Control-Allow-Headers", "Authorization, Content-Type"))
        return found

    def _line(self, environ: dict[str, Any], trace: Trace, status: int, seconds: float) -> dict[str, Any]:
        answer = trace.answer
        return {
            "time": now(),
            "request_id": trace.request_id,
            "client": environ.get("REMOTE_ADDR"),
            "http": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"][:200],
            "route": trace.route,
            "status": status,
            "seconds": round(seconds, 6),
            "model": answer.served.name if answer else None,
            "version": answer.served.version if answer else None,
            "method": answer.method if answer else None,
            "rows": trace.rows,
            "error": trace.error,
        }


def _request_id(environ: dict[str, Any]) -> str:
    known: Trace | None = environ.get(TRACE)  # of a request that was at work already
    if known is not None:
        return known.request_id
    given = environ.get("HTTP_X_REQUEST_ID") or environ.get("HTTP_X_MS_REQUEST_ID") or ""
    return given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _azure_ids(environ: dict[str, Any], made: str) -> list[tuple[str, str]]:
    """Return Azure's two ids, each by its own header, or by the other's where only that was given."""
    given = [environ.get(name) or "" for name in ("HTTP_X_MS_REQUEST_ID", "HTTP_X_MS_CLIENT_REQUEST_ID")]
    request, client = (one if _REQUEST_ID.fullmatch(one) else "" for one in given)
    found = [("x-ms-request-id", request or client or made)]
    return [*found, ("x-ms-client-request-id", client or request)] if client or request else found


def _refuse(trace: Trace, start: Callable[..., Any], error: ServingError) -> Iterable[bytes]:
    content = trace.refusal(error)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    if error.status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    start(f"{error.status} {error.code}", headers)
    return [content]
