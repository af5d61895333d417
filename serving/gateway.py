"""Between the HTTP server and the Flask app: takes a request in as a whole, then has it answered.

The server speaks ASGI (asgi.readthedocs.io): a request's body is awaited, so that a client that sends slowly or not at
all holds no thread, and one that is too long is refused before it is read. A quick answer is made at once, in the loop;
one that may take longer, by its size or by its model, in a thread, so that the quick ones go on. What answers is WSGI
(PEP 3333).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from serving.outputs import dumps

_BODY_SECONDS = 20.0  # that a body may take to arrive
_QUICK_BYTES = 16 << 10
_KEYS = {
    b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH", b"host": "HTTP_HOST",
    b"accept": "HTTP_ACCEPT", b"user-agent": "HTTP_USER_AGENT", b"authorization": "HTTP_AUTHORIZATION",
}  # fmt: skip
_FIXED = {
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.multithread": True,
    "wsgi.multiprocess": False, "wsgi.run_once": False,
}  # fmt: skip
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Response = tuple[int, list[tuple[str, str]], bytes]


class Gateway:
    """An ASGI application around a WSGI one.

    Parameters
    ----------
    wsgi : callable
        The Flask app.
    is_quick : callable
        Whether the models that are served answer a small request within a millisecond or two.
    prepare : callable
        Told of several requests of one moment before they are answered one after the other.
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
        prepare: Callable[[list[dict[str, Any]]], None],
        *,
        max_bytes: int,
        threads: int,
        queue: int,
    ) -> None:
        self._wsgi, self._is_quick, self._prepare = wsgi, is_quick, prepare
        self._max_bytes, self._queue = max_bytes, queue
        self._pool = ThreadPoolExecutor(threads, "request")
        self._waiting = 0
        self._moment: list[tuple[dict[str, Any], asyncio.Future[Response]]] = []
        self._arrivals = Arrivals(_BODY_SECONDS)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, headers, content = await self._respond(scope, receive)
        raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def _respond(self, scope: Any, receive: Receive) -> Response:
        environ = _environ(scope)
        method, length = scope["method"], environ.get("CONTENT_LENGTH")
        if length is not None and (not length.isdigit() or int(length) > self._max_bytes):
            return self._too_large()
        body = b""
        if length not in (None, "0") or "HTTP_TRANSFER_ENCODING" in environ:
            try:
                body = await self._arrivals.awaited(self._body(receive))
            except TimeoutError:
                return _refusal(408, "too_slow", f"The body did not arrive within {_BODY_SECONDS:g} s")
            except ConnectionError:
                return _refusal(400, "cut_off", "The body was cut off")
            if len(body) > self._max_bytes:
                return self._too_large()
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
        if len(body) <= _QUICK_BYTES and (method == "GET" or self._is_quick()):
            return await self._quickly(environ)
        if self._waiting >= self._queue:
            return _refusal(429, "busy", f"{self._queue} requests are waiting already", ("retry-after", "1"))
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, self._wsgi, environ)
        finally:
            self._waiting -= 1

    async def _quickly(self, environ: dict[str, Any]) -> Response:
        """Answer in the loop, as soon as all that has arrived by now is read; that may share a call of its model."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Response] = loop.create_future()
        if not self._moment:
            loop.call_soon(self._answer_moment)
        self._moment.append((environ, answer))
        return await answer

    def _answer_moment(self) -> None:
        moment, self._moment = self._moment, []
        if len(moment) > 1:
            self._prepare([environ for environ, _ in moment])
        for environ, answer in moment:
            if not answer.done():  # its client may have gone
                try:
                    answer.set_result(call(self._wsgi, environ))
                except BaseException as error:  # noqa: BLE001 - belongs to this request, not to the loop
                    answer.set_exception(error)

    def _too_large(self) -> Response:
        return _refusal(413, "too_large", f"The body is larger than {self._max_bytes} bytes", ("connection", "close"))

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        if not message.get("more_body") and message["type"] == "http.request":
            return bytes(message.get("body", b""))
        found, total = [], 0
        while True:
            if message["type"] == "http.disconnect":
                raise ConnectionError
            block = message.get("body", b"")
            found.append(block)
            total += len(block)
            if not message.get("more_body") or total > self._max_bytes:
                return b"".join(found)
            message = await receive()


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


def _environ(scope: Any) -> dict[str, Any]:
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"] if scope["path"].isascii() else scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client[0],
        **_FIXED,
    }
    for name, value in scope["headers"]:
        key = _KEYS.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _refusal(status: int, code: str, message: str, *more: tuple[str, str]) -> Response:
    content = dumps({"error": {"code": code, "message": message}, "request_id": None})
    return status, [("content-type", "application/json"), *more], content
