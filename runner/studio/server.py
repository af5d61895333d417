"""The studio's server: uvicorn runs Flask and the event streams, and the guard checks each request first."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote

from runner.errors import UserError, another_port
from runner.studio.app import create_app
from runner.studio.security import HEADERS, Guard, policy
from runner.studio.shown_workspace import Shown

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_EVENTS = re.compile(r"/w/([0-9]{1,9})/events")
_THREADS = 8


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    UserError
        If the port is taken, or the address does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UserError(f"Port {port} is in use", f"Choose another with --port {another_port(port)}") from None
        raise UserError(f"Cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}") from None
    return listening


def serve(listening: socket.socket, workspaces: Sequence[Shown], guard: Guard) -> None:
    """Answer requests until Ctrl-C or SIGTERM."""
    import uvicorn

    studio = Studio(workspaces, guard)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            studio.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        studio,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    Server(config).run(sockets=[listening])


class Studio:
    """The ASGI application."""

    def __init__(self, workspaces: Sequence[Shown], guard: Guard) -> None:
        from a2wsgi import WSGIMiddleware

        self._guard = guard
        self._pages = WSGIMiddleware(create_app(workspaces, guard).wsgi_app, workers=_THREADS)  # type: ignore[arg-type]
        self._feeds = [shown.feed for shown in workspaces]

    def close(self) -> None:
        """End the event streams, which would otherwise keep the server from stopping."""
        for feed in self._feeds:
            feed.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = str(scope["path"])
        if not self._guard.is_host(headers.get("host", "")):
            await _plain(send, 421, "This studio is not known by that name. Use http://127.0.0.1 and its port.")
        elif not self._guard.admits(path, self._guard.session_of(headers.get("cookie", ""))):
            await self._ask_for_key(scope, send)
        elif match := _EVENTS.fullmatch(path):
            await self._stream(int(match[1]), _since(scope), receive, send)
        else:
            await self._pages(scope, receive, send)  # type: ignore[arg-type]

    async def _ask_for_key(self, scope: Scope, send: Send) -> None:
        if scope["method"] != "GET" or _EVENTS.fullmatch(scope["path"]):
            await _plain(send, 401, "Log in first.")
            return
        query = scope["query_string"].decode("latin-1")
        target = quote(f"{scope['path']}?{query}" if query else scope["path"], safe="/")
        await _plain(send, 303, "Log in first.", (b"location", f"/login?next={target}".encode()))

    async def _stream(self, number: int, since: int, receive: Receive, send: Send) -> None:
        import asyncio

        if not 1 <= number <= len(self._feeds):
            await _plain(send, 404, "There is no such workspace.")
            return
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), *_shared()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def send_events() -> None:
            async for event in self._feeds[number - 1].changes(since):
                await send({"type": "http.response.body", "body": event, "more_body": True})

        async def wait_for_disconnect() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        both = [asyncio.create_task(send_events()), asyncio.create_task(wait_for_disconnect())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})


def _since(scope: Scope) -> int:
    """Return the sequence number in the address of a stream, or -1, which no page has."""
    match = re.fullmatch(rb"since=([0-9]{1,15})", scope["query_string"])
    return int(match[1]) if match else -1


def _shared() -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode(), value.encode())
        for name, value in (*HEADERS.items(), ("Content-Security-Policy", policy()))
    ]


async def _plain(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_shared(), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})
