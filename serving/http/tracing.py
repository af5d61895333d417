"""A WSGI layer around Flask: checks access, and adds a request's id, its headers and its line in the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from runner.io.clock import now
from serving.errors import ServingError
from serving.http.access_check import AccessCheck, ClientRefusedError
from serving.http.exchange import Exchange, Response, exchange_of, is_request_id
from serving.observe.telemetry import Telemetry

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Tracing:
    """Lets requests in, and counts and logs them once they are answered.

    Parameters
    ----------
    inner : callable
        The WSGI application that answers.
    access_check : AccessCheck
        Checks requests that do not come through the gateway.
    telemetry : Telemetry
        Counts and logs.
    cors : tuple of str
        Origins whose pages may send requests.
    """

    def __init__(self, inner: Wsgi, access_check: AccessCheck, telemetry: Telemetry, cors: tuple[str, ...]) -> None:
        self._inner, self._access_check, self._telemetry, self._cors = inner, access_check, telemetry, cors

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        exchange = exchange_of(environ)
        if exchange.begun is None:
            exchange.begun = time.perf_counter()
        if not exchange.let_in:
            try:
                self._access_check.check(environ)
            except ClientRefusedError as error:
                status, headers, content = self.refuse(environ, exchange, error)
                start_response(f"{status} {error.code}", headers)
                return [content]
            exchange.let_in = True
        statuses: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            statuses.append(int(status[:3]))
            headers += self._headers(environ, exchange)
            return start_response(status, headers, *([error] if error else []))

        answer = self._inner(environ, start)
        if exchange.tell():
            self._report(environ, exchange, statuses[0], anybody=self._access_check.is_anonymous(environ))
        return answer

    def refuse(self, environ: dict[str, Any], exchange: Exchange, error: ServingError) -> Response:
        """Return a refusal, after counting and logging it like any other answer."""
        status, headers, content = exchange.refusal(error)
        anybody = isinstance(error, ClientRefusedError) or self._access_check.is_anonymous(environ)
        self._report(environ, exchange, status, anybody=anybody)
        return status, [*headers, *self._headers(environ, exchange)], content

    def _report(self, environ: dict[str, Any], exchange: Exchange, status: int, *, anybody: bool) -> None:
        seconds = time.perf_counter() - (exchange.begun or time.perf_counter())
        self._telemetry.request(_line(environ, exchange, status, seconds), sampled=anybody)

    def _headers(self, environ: dict[str, Any], exchange: Exchange) -> list[tuple[str, str]]:
        headers = [("x-request-id", exchange.request_id), *_azure_ids(environ, exchange.request_id)]
        if exchange.answer is not None:
            served = exchange.answer.served
            headers.append(("x-model-version", f"{served.name}:{served.version}"))
            if served.warning:
                headers.append(("x-model-warning", served.warning))
        origin = environ.get("HTTP_ORIGIN")
        if self._cors and origin in self._cors:
            headers += [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
            headers.append(("Access-Control-Allow-Headers", "Authorization, Content-Type"))
        return headers


def _line(environ: dict[str, Any], exchange: Exchange, status: int, seconds: float) -> dict[str, Any]:
    answer = exchange.answer
    return {
        "time": now(),
        "request_id": exchange.request_id,
        "client": environ.get("REMOTE_ADDR"),
        "http": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"][:200],
        "route": exchange.route,
        "status": status,
        "seconds": round(seconds, 6),
        "model": answer.served.name if answer else None,
        "version": answer.served.version if answer else None,
        "method": answer.method if answer else None,
        "rows": exchange.rows,
        "error": exchange.error,
    }


def _azure_ids(environ: dict[str, Any], made: str) -> list[tuple[str, str]]:
    """Return Azure's two ids, each from its own header, or from the other's if only that was sent."""
    given = [environ.get(name) or "" for name in ("HTTP_X_MS_REQUEST_ID", "HTTP_X_MS_CLIENT_REQUEST_ID")]
    request, client = (identifier if is_request_id(identifier) else "" for identifier in given)
    headers = [("x-ms-request-id", request or client or made)]
    return [*headers, ("x-ms-client-request-id", client or request)] if client or request else headers
