"""Limits what a connection may send before its request is complete, and closes connections that never complete one.

uvicorn limits how long a connection may be idle between two requests. It has no limit for silent connections, for
headers that are sent byte by byte, or for the number of headers and connections. When the server ends, uvicorn closes
idle connections at once, although a request may be on its way. Here that request is still answered.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar
from weakref import WeakSet

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from runner.worker import timeouts
from serving.errors import ServingError
from serving.http.access_check import ClientRefusedError
from serving.http.connections.answers import Answers
from serving.http.connections.head import (
    MOST_BYTES,
    MOST_HEADERS,
    address_in,
    no_http,
    size_of,
    too_many_headers,
    unknown_method,
    without_upgrade,
)  # fmt: skip
from serving.http.gateway import PENDING, Gateway, PendingRequest, body_ended_early
from serving.protocols.registry import root_of

_HEAD_BYTES = 8 << 10  # most heads are smaller
_PARTS = 8  # of a request's headers, after which we wait before reading more
_FIRST_WAIT, _LONGEST_WAIT = 0.01, 1.0  # seconds
_DISCARD_WAIT = 0.02  # seconds in which more of a refused body arrives and is then read in one go
_FULL = b"HTTP/1.1 503 full\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """uvicorn's connection, checked once a second, with limits on a request's headers."""

    _watched_loops: ClassVar[WeakSet[asyncio.AbstractEventLoop]] = WeakSet()
    _since: float | None
    _state: tuple[RequestResponseCycle | None, bool]
    _rests = False  # between two requests
    _last = False  # the next request is the last one
    _discards = False  # further data is discarded
    _half_closed = False  # the client sends nothing more
    _ended = False  # no answer follows
    _unparsed_bytes = 0  # bytes since the last complete headers, or the last part of a body
    _parts = 0  # the number of reads in which they arrived
    _replacement = b""  # the head of a request that offers another protocol, without that offer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._since, self._state = self.loop.time(), (None, False)
        self._answers = Answers(transport, self.end)
        if self.loop not in self._watched_loops:
            self._watched_loops.add(self.loop)
            self._gateway.begun = self.tasks
            self._check_deadlines()
        if self._gateway.memory_budget.full:
            self._discards = True
            self._gateway.memory_budget.refuse()
            transport.write(_FULL)
            transport.close()
        self._gateway.memory_budget.count(len(self.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the count."""
        super().connection_lost(exc)
        self._gateway.memory_budget.count(len(self.connections))

    @property
    def _gateway(self) -> Gateway:
        gateway = self.config.app
        assert isinstance(gateway, Gateway)  # noqa: S101 - the served application
        return gateway

    def data_received(self, data: bytes) -> None:
        """Read the data that arrived, unless the connection is about to end."""
        if self._discards:
            if self._ended:
                self._pause(max(_DISCARD_WAIT, self._gateway.memory_budget.discard(len(data))))
            return
        self._rests = False
        try:
            if len(data) <= _HEAD_BYTES:
                self._read(data)
            else:
                self._read_in_parts(data)
            if self._unparsed_bytes:
                self._slow_down()
        except httptools.HttpParserInvalidMethodError:
            self._refuse_method(data)
        except httptools.HttpParserError as error:
            reason = error.__context__
            self._refuse(reason if isinstance(reason, ClientRefusedError) else no_http())
        except ClientRefusedError as reason:
            self._refuse(reason)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer the pending request of a client that has closed its side but may still read, then close.

        A client that is gone looks the same. The answer to it is lost.
        """
        self._half_closed = True
        if self._discards:
            return not self._ended
        if not self.cycle or self.cycle.response_complete:
            return False
        if self.cycle.more_body and not self._in_head:
            self._refuse(body_ended_early())
        else:
            self.cycle.keep_alive = False
        return True

    def _refuse_method(self, data: bytes) -> None:
        """Refuse a method that the parser does not know; the address determines the form of the error."""
        address = address_in(data)
        if address is None:
            self._refuse(no_http(data))
        else:
            self.url = address
            self._refuse(unknown_method())

    def _slow_down(self) -> None:
        """Pause before reading more headers that arrive in many parts: reading a part costs the same for one byte."""
        self._parts += 1
        if self._parts > _PARTS:
            self._pause(min(_FIRST_WAIT * 2 ** (self._parts - _PARTS - 1), _LONGEST_WAIT))

    def _pause(self, seconds: float) -> None:
        self.flow.pause_reading()
        self.loop.call_later(seconds, self._resume_reading)

    def _resume_reading(self) -> None:
        if self._ended or not self.pipeline:  # otherwise reading resumes after the next answer
            self.flow.resume_reading()

    def _read_in_parts(self, data: bytes) -> None:
        """Read long data in parts, so that headers are counted before all of them are parsed: each one costs time."""
        at = 0
        while at < len(data):
            in_body = self.cycle is not None and self.cycle.more_body and not self._in_head
            end = at + (MOST_BYTES if in_body else _HEAD_BYTES)
            self._read(data[at:end])
            if len(self.headers or ()) > MOST_HEADERS:  # None before the first request
                raise too_many_headers()
            at = end

    def _read(self, data: bytes | memoryview) -> None:
        """Read requests, and ignore offers to change the protocol.

        A server may ignore such an offer (RFC 9110, 7.8). Java's client and ``curl --http2`` make it with every first
        request, which may have a body; the parser would take that body for data of the other protocol.
        """
        self._unparsed_bytes += len(data)
        while data:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data, replacement = memoryview(data)[upgrade.args[0] :], self._replacement
                self._replacement = b""
                self.parser.feed_data(replacement)
        if self._unparsed_bytes > MOST_BYTES:
            raise too_many_headers()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[PENDING] = PendingRequest()  # type: ignore[literal-required] # an ASGI scope may have more

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        headers = self.headers
        if len(headers) > MOST_HEADERS or (self._unparsed_bytes > MOST_BYTES and size_of(headers) > MOST_BYTES):
            raise too_many_headers()
        self._unparsed_bytes = self._parts = 0
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._replacement = without_upgrade(self.parser, self.url, headers)
            return
        super().on_headers_complete()
        self.headers = []  # trailers are not headers of the request
        self.cycle.transport = self._answers  # type: ignore[assignment] # all of it that a cycle needs
        if self._last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if not self._in_head:  # otherwise it offers another protocol, and is parsed again
            super().on_message_complete()
            self._pending.is_whole = True

    @property
    def _pending(self) -> PendingRequest:
        pending: PendingRequest = self.scope[PENDING]  # type: ignore[literal-required]
        return pending

    @property
    def _in_head(self) -> bool:
        """Return whether a request has begun whose headers are not complete."""
        return self.scope is not None and (self.cycle is None or self.scope is not self.cycle.scope)

    def _refuse(self, error: ServingError) -> None:
        """Refuse a request that cannot be read to its end, once those before it are answered. Read nothing more."""
        self._discards = True
        if not self._in_head and self.cycle and self.cycle.more_body:
            if self.cycle.response_started:
                self.end()
            else:
                self._pending.problem = error
                self.cycle.message_event.set()
            return
        root = root_of(self.url.decode("latin-1")) if self._in_head else ""  # it determines the error's form
        if not self._in_head:
            self.on_message_begin()
        self.url = b"/"
        del self.headers[MOST_HEADERS:]
        super().on_headers_complete()
        self.scope |= {"method": "", "path": root}
        self._pending.problem = error
        self.cycle.transport = self._answers  # type: ignore[assignment]

    def end(self) -> None:
        """Close once the client has had time to read its answer; closing with unread data would send a reset."""
        if self._half_closed or (not self._discards and not self.cycle.more_body):
            self.transport.close()
            return
        self._discards = self._ended = True
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(timeouts.seconds("refused_body"), self.transport.close)

    def on_response_complete(self) -> None:
        """Continue with the next request, or rest until one arrives."""
        self._answers.flush()
        self.server_state.total_requests += 1
        if self._ended or self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._rests = True

    def _check_deadlines(self) -> None:
        limit = timeouts.seconds("request_headers")
        for connection in list(self.connections):
            if isinstance(connection, Connection):
                connection.close_if_late(limit)
        self.loop.call_later(min(1.0, limit / 4), self._check_deadlines)

    def close_if_late(self, limit: float) -> None:
        """Close the connection if it has waited for headers, or rested, for longer than a limit in seconds."""
        state = self.cycle, self._rests
        if not self._rests and not self._awaits_headers():
            self._since = None
        elif self._since is None or self._state != state:
            self._since, self._state = self.loop.time(), state
        elif self.loop.time() - self._since > (self.timeout_keep_alive if self._rests else limit):
            self.transport.close()

    def shutdown(self) -> None:
        """Let requests in progress, and one that may just be arriving, be answered. Each answer closes the connection.

        Clients then know to open another connection for their next request.
        """
        if self.cycle and not self.cycle.response_complete:
            super().shutdown()
        else:
            self._last = True
            self.loop.call_later(timeouts.seconds("last_request"), super().shutdown)

    def _awaits_headers(self) -> bool:
        """Return whether the connection waits for a request's headers to be complete.

        Other limits apply to requests whose body is arriving or that are being answered, and to resting connections.
        """
        if not self.cycle:  # None until the first headers are complete
            return True
        return self.cycle.response_complete and (self._in_head or not self._rests)
