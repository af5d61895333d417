"""Connects the HTTP server to the Flask app: receives a whole request, then passes it on.

The server speaks ASGI (asgi.readthedocs.io): a request's body is awaited, so that slow clients hold no thread. Requests
without a valid key, and those that are too large, are refused before the body is read. Quick answers are made in the
event loop. Those that may take longer, because of their size or their model, are made in a thread. The application that
answers is WSGI (PEP 3333).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from runner.worker import timeouts
from serving.dataplane.batching import wait_no_longer_than
from serving.errors import ServingError, quoted
from serving.http.access_check import AccessCheck, ClientRefusedError
from serving.http.connections.memory_budget import MemoryBudget
from serving.http.exchange import Exchange, Response
from serving.http.timelimit import TimeLimit

PENDING = "vivero.pending"  # our only key in a request's scope
_QUICK_BYTES = 16 << 10
_LOOP_SECONDS = 0.05  # for which quick answers may block the loop
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


@dataclass(slots=True)
class PendingRequest:
    """A connection's state of a request that is arriving.

    Parameters
    ----------
    is_whole : bool
        Whether its body is complete, so that there is nothing to wait for.
    problem : ServingError or None
        Why it cannot be read to its end.
    """

    is_whole: bool = False
    problem: ServingError | None = None


class Gateway:
    """An ASGI application around a WSGI one.

    Parameters
    ----------
    wsgi : callable
        The WSGI application.
    refuse : callable
        Takes a request's environ, its exchange and an error. Returns the refusal, after counting and logging it.
    is_quick : callable
        Takes whether a large request is in progress. Returns whether the models answer a small one within a
        millisecond or two.
    prepare : callable
        Takes the environs of simultaneous requests before they are answered one after the other.
    access_check : AccessCheck
        Checks keys and names.
    memory_budget : MemoryBudget
        Limits what the process holds. The connections use it too.
    max_bytes : int
        The largest body of a request.
    threads : int
        Requests that are answered at the same time outside the loop.
    queue : int
        Requests that may be in progress or wait for a thread.
    timeout : float
        Seconds after which a request that waits for a thread, or occupies one, is given up.
    """

    def __init__(
        self,
        wsgi: Callable[..., Iterable[bytes]],
        refuse: Callable[[dict[str, Any], Exchange, ServingError], Response],
        is_quick: Callable[[bool], bool],
        prepare: Callable[[list[dict[str, Any]]], None],
        *,
        access_check: AccessCheck,
        memory_budget: MemoryBudget,
        max_bytes: int,
        threads: int,
        queue: int,
        timeout: float = 30,
    ) -> None:
        self._wsgi, self._refuse, self._is_quick, self._prepare = wsgi, refuse, is_quick, prepare
        self._access_check, self.memory_budget = access_check, memory_budget
        self._max_bytes, self._queue = max_bytes, queue
        self._pool = ThreadPoolExecutor(threads, "request")
        self._work: set[Future[Response]] = set()  # waiting or in progress, including those given up
        self._large: set[Future[Response]] = set()
        self._moment: list[tuple[dict[str, Any], asyncio.Future[Response]]] = []
        self.begun: Collection[Any] = ()  # unanswered requests of all connections; set by the server
        self._arrivals, self._turns = TimeLimit(timeouts.seconds("request_body")), TimeLimit(timeout)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, headers, content = await self._respond(scope, receive)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def _respond(self, scope: Any, receive: Receive) -> Response:
        environ, pending = _environ(scope), scope.get(PENDING) or PendingRequest()
        exchange = Exchange(environ)
        method, length = scope["method"], environ.get("CONTENT_LENGTH")
        unread = length not in (None, "0") or "HTTP_TRANSFER_ENCODING" in environ or pending.problem is not None
        body, begun = b"", time.perf_counter()
        try:
            if pending.problem is not None:
                raise pending.problem
            self._access_check.check(environ)
            exchange.let_in = True
            if length is not None and (not length.isdigit() or int(length) > self._max_bytes):
                raise self._too_large()
            if unread:
                _check_plain(environ)
                if pending.is_whole:
                    body = self._present(await receive())
                else:
                    body = await self._arrivals.awaited(self._body(pending, receive))
                unread = False
            environ.pop(
                "HTTP_TRANSFER_ENCODING", None
            )  # the whole body is here, and Werkzeug would not read a chunked one
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = BytesIO(body)
            small = len(body) <= _QUICK_BYTES
            if small and (method == "GET" or self._is_quick(bool(self._large))):
                return await self._quickly(environ)
            return await self._in_thread(environ, exchange, small=small)
        except TimeoutError:
            error = ServingError(408, "too_slow", f"The body did not arrive within {self._arrivals.seconds:g} s")
        except ConnectionError:
            error = body_ended_early()
        except ServingError as refusal:
            error = refusal
        finally:
            if body:
                self.memory_budget.release(len(body))
        exchange.begun = begun
        status, headers, content = self._refuse(environ, exchange, error)
        # The rest of the body is discarded, so no further request can follow on its connection.
        return status, [*headers, ("connection", "close")] if unread else headers, content

    async def _in_thread(self, environ: dict[str, Any], exchange: Exchange, *, small: bool) -> Response:
        """Answer in a thread, or refuse if that takes too long.

        A thread that computes cannot be stopped. When its request is given up, it continues and keeps its place until
        it ends. A request that still waits is removed and never starts.
        """
        if len(self._work) >= self._queue:
            raise ServingError(429, "busy", f"{self._queue} requests are at work or waiting already", retry_after=1)
        exchange.begun = begun = time.perf_counter()
        work = self._pool.submit(self._call_app, environ, time.monotonic() + self._turns.seconds)
        for group in (self._work,) if small else (self._work, self._large):
            group.add(work)
            work.add_done_callback(group.discard)
        try:
            return await self._turns.awaited(asyncio.wrap_future(work))
        except TimeoutError:
            work.cancel()
            if not exchange.tell():  # the thread has just ended
                return await asyncio.wrap_future(work)
            error = ServingError(504, "too_late", f"No answer within {self._turns.seconds:g} s", retry_after=1)
            refused = Exchange(environ.copy(), exchange.request_id)  # the thread may still change its own exchange
            refused.begun = begun
            return self._refuse(environ, refused, error)

    def _call_app(self, environ: dict[str, Any], deadline: float) -> Response:
        wait_no_longer_than(deadline)
        return call(self._wsgi, environ)

    async def _quickly(self, environ: dict[str, Any]) -> Response:
        """Answer in the loop: at once if this is the only request, else after reading everything that has arrived.

        Requests that arrived together may share a call of their model.
        """
        if len(self.begun) == 1:
            return call(self._wsgi, environ)
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
        self._answer(moment)

    def _answer(self, moment: list[tuple[dict[str, Any], asyncio.Future[Response]]]) -> None:
        """Answer requests one after the other. If that takes long, let the loop do other work in between."""
        until = time.perf_counter() + _LOOP_SECONDS
        for at, (environ, answer) in enumerate(moment, 1):
            if not answer.done():  # its client may have gone
                try:
                    answer.set_result(call(self._wsgi, environ))
                except BaseException as error:  # noqa: BLE001 - belongs to this request, not to the loop
                    answer.set_exception(error)
            if at < len(moment) and time.perf_counter() > until:
                asyncio.get_running_loop().call_soon(self._answer, moment[at:])
                return

    def _too_large(self) -> ServingError:
        return ServingError(413, "too_large", f"The body is larger than {self._max_bytes} bytes")

    def _present(self, message: Any) -> bytes:
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body: bytes = message["body"]
        if len(body) > self._max_bytes:
            raise self._too_large()
        self.memory_budget.take(len(body))
        return body

    async def _body(self, pending: PendingRequest, receive: Receive) -> bytes:
        blocks, total = [], 0
        try:
            while True:
                message = await receive()
                if pending.problem is not None:
                    raise pending.problem
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                block = message.get("body", b"")
                self.memory_budget.take(len(block))
                blocks.append(block)
                total += len(block)
                if total > self._max_bytes:
                    raise self._too_large()
                if not message.get("more_body"):
                    return b"".join(blocks)
        except BaseException:
            self.memory_budget.release(total)
            raise


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
    return status, headers, content


def body_ended_early() -> ClientRefusedError:
    """Return the refusal of a request whose body ended early."""
    return ClientRefusedError(400, "cut_off", "The body ended before all of it had arrived")


def _check_plain(environ: dict[str, Any]) -> None:
    """Refuse a compressed body before it is read."""
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").lower()
    if encoding not in ("", "identity"):
        message = f"Content-Encoding {quoted(encoding)} is not supported. Send the body uncompressed"
        raise ServingError(415, "encoded", message)


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
        text = value.decode("latin-1").rstrip(" \t")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
