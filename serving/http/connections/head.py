"""The head of a request: its limits, and how one that the parser cannot take is refused or rewritten."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httptools

from serving.http.access_check import ClientRefusedError

MOST_HEADERS, MOST_BYTES = 100, 64 << 10
_REQUEST_LINE = re.compile(rb"[!-~]{1,100} (/[!-~]{0,1000}) HTTP/")
_TLS = b"\x16\x03"  # the first bytes of a client that speaks HTTPS


def size_of(headers: Sequence[tuple[bytes, bytes]]) -> int:
    """Return the bytes of names and values."""
    return sum(len(name) + len(value) for name, value in headers)


def without_upgrade(parser: httptools.HttpRequestParser, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the head that was parsed, without its offer of another protocol."""
    line = b"%b %b HTTP/%b\r\n" % (parser.get_method(), url, parser.get_http_version().encode())
    kept = [b"%b: %b\r\n" % pair for pair in headers if pair[0] != b"upgrade"]
    return b"".join((line, *kept, b"\r\n"))


def too_many_headers() -> ClientRefusedError:
    """Return the refusal of headers beyond the limits."""
    return ClientRefusedError(
        431, "too_many_headers", f"The request has more than {MOST_HEADERS} headers or {MOST_BYTES >> 10} KB of them"
    )


def no_http(data: bytes = b"") -> ClientRefusedError:
    """Return the refusal of data that is not HTTP, with a hint if it is HTTPS."""
    hint = ". Begin the address with http://, not https://" if data.startswith(_TLS) else ""
    return ClientRefusedError(400, "no_http", f"The request is not valid HTTP{hint}")


def address_in(data: bytes) -> bytes | None:
    """Return the address of a request whose method the parser does not know, or None if `data` is not a request."""
    line = _REQUEST_LINE.match(data)
    return line[1] if line is not None else None


def unknown_method() -> ClientRefusedError:
    """Return the refusal of a method that the parser does not know."""
    return ClientRefusedError(501, "unknown_method", "The request has an unknown HTTP method. Use GET or POST")
