"""Sends requests as raw bytes, which no well-behaved client would send."""

import contextlib
import http.client
import json
import socket
from typing import Any


class Raw:
    """A connection that sends raw bytes and reads one answer after the other."""

    def __init__(self, port: int, *parts: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self.socket.makefile("rb")
        self.send(*parts)

    def send(self, *parts: bytes) -> None:
        """Send bytes until the server stops accepting them."""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                self.socket.sendall(part)

    def makefile(self, _mode: str) -> Any:
        """Return the file from which all answers of this connection are read, for http.client."""
        return self._file

    def answer(self, method: str = "POST") -> Any:
        """Return status, headers and content of the next answer. JSON is parsed."""
        response: Any = http.client.HTTPResponse(self, method=method)  # type: ignore[arg-type] # all that it needs
        response.begin()
        content = response.fp.read(response.length)
        response.fp = None  # otherwise garbage collection would close the connection's file
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, response.headers, json.loads(content) if is_json else content

    def line(self) -> bytes:
        """Return the next raw line."""
        return self._file.readline()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self.socket.close()

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(port: int, *parts: bytes, method: str = "POST") -> Any:
    """Send bytes and return the answer."""
    with Raw(port, *parts) as connection:
        return connection.answer(method)


def post(body: bytes = b"{}", *headers: bytes, path: bytes = b"/score", length: bytes | None = None) -> bytes:
    """Return the bytes of a prediction request."""
    lines = [b"POST %b HTTP/1.1" % path, *headers, b"Content-Length: " + (length or b"%d" % len(body))]
    if not any(header.lower().startswith(b"host:") for header in headers):
        lines.append(b"Host: localhost")
    return b"\r\n".join((*lines, b"Content-Type: application/json", b"", body))
