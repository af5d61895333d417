"""Between granian and the Flask app: takes a request in as a whole, then has it answered.

Granian speaks RSGI here: a request's body is awaited, so that a client that sends slowly or not at all holds no thread,
and one that is too long is refused before it is read. A quick answer is made at once, in the loop; one that may take
longer, by its size or by its model, in a thread, so that the quick ones go on. RSGI is described in granian's
documentation (docs/spec/RSGI.md), WSGI in PEP 3333.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from serving.outputs import dumps

_BODY_SECONDS = 20.0  # that a body may take to arrive
_QUICK_BYTES = 16 << 10
Response = tuple[int, list[tuple[str, str]], bytes]


class Gateway:
    """An RSGI application around a WSGI one.

    Parameters
    ----------
    wsgi : callable
        The Flask app.
    is_quick : callable
        Whether the models that are served answer a small request within a millisecond or two.
    max_bytes : int
        Of one request's body.
    threads : int
        Requests at work at the same time beside the loop.
    queue : int
        Requests that may wait for a thread.
    """

    def __init__(
        self,
        wsgi: Callable[..., Iterable[bytes]],
        is_quick: Callable[[], bool],
        *,
        max_bytes: int,
        threads: int,
        queue: int,
    ) -> None:
        self._wsgi, self._is_quick, self._max_bytes, self._queue = wsgi, is_quick, max_bytes, queue
        self._pool = ThreadPoolExecutor(threads, "request")
        self._waiting = 0
        self._arrivals = Arrivals(_BODY_SECONDS)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.response_empty(400, [])
            return
        status, headers, content = await self._respond(scope, protocol)
        if scope.method == "HEAD":
            content = b""
        protocol.response_bytes(status, headers, content)

    async def _respond(self, scope: Any, protocol: Any) -> Response:
        given = scope.headers
        length = given.get("content-length")
        if length is not None and (not length.isdigit() or int(length) > self._max_bytes):
            return _refusal(413, "too_large", f"The body is larger than {self._max_bytes} bytes")
        body = b""
        if scope.method in ("POST", "PUT", "PATCH") and (length not in (None, "0") or given.get("transfer-encoding")):
            try:
                body = await self._arrivals.awaited(self._body(protocol, length))
            except TimeoutError:
                return _refusal(408, "too_slow", f"The body did not arrive within {_BODY_SECONDS:g} s")
            except ConnectionError:
                return _refusal(400, "cut_off", "The body was cut off")
            if len(body) > self._max_bytes:
                return _refusal(413, "too_large", f"The body is larger than {self._max_bytes} bytes")
        environ = _environ(scope, body)
        if len(body) <= _QUICK_BYTES and (scope.method == "GET" or self._is_quick()):
            return call(self._wsgi, environ)
        if self._waiting >= self._queue:
            return _refusal(429, "busy", f"{self._queue} requests are waiting already", ("retry-after", "1"))
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, self._wsgi, environ)
        finally:
            self._waiting -= 1

    async def _body(self, protocol: Any, length: str | None) -> bytes:
        if length is not None:
            return bytes(await protocol())
        found, total = [], 0
        async for block in protocol:
            total += len(block)
            found.append(bytes(block))
            if total > self._max_bytes:
                break
        return b"".join(found)


class Arrivals:
    """Gives up on bodies that do not arrive in time.

    One look a second at those that are still on their way costs less than a timer for each of them, which an event
    loop may keep, with all that hangs on it, until its time has come.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._looking = False

    async def awaited(self, body: Coroutine[Any, Any, bytes]) -> bytes:
        """Return a body.

        Raises
        ------
        TimeoutError
            If it has not arrived in time.
        """
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101 - granian runs a request as a task
        self._deadlines[task] = loop.time() + self._seconds
        if not self._looking:
            self._looking = True
            loop.call_later(1, self._look, loop)
        try:
            return await body
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._deadlines[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for task, deadline in self._deadlines.items():
            if deadline < loop.time() and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._looking = bool(self._deadlines)
        if self._looking:
            loop.call_later(1, self._look, loop)


def call(wsgi: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> Response:
    """Call a WSGI application and return status, headers and content."""
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        begun[:] = [int(status[:3]), headers]

    answer = wsgi(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    status, headers = begun
    return status, [(name.lower(), value) for name, value in headers], content


def _environ(scope: Any, body: bytes) -> dict[str, Any]:
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name not in ("content-length", "transfer-encoding"):
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _latin(path: str) -> str:
    """Return a path as WSGI has it: the bytes of its UTF-8 as Latin-1."""
    from urllib.parse import unquote_to_bytes

    return path if path.isascii() and "%" not in path else unquote_to_bytes(path).decode("latin-1")


def _refusal(status: int, code: str, message: str, *more: tuple[str, str]) -> Response:
    content = dumps({"error": {"code": code, "message": message}, "request_id": None})
    return status, [("content-type", "application/json"), *more], content
