"""Sends the answers of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_COPIED = 64 << 10  # bytes of a body that are worth a copy to save a system call


class Answers:
    """A connection's transport for answers: head and body are sent in one system call.

    Parameters
    ----------
    transport : Transport
        The connection's own.
    end : callable
        Ends the connection.
    """

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        self._transport, self._end = transport, end
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Hold back a head until its body follows, then send both. Send ``100 Continue`` at once."""
        head = self._head
        if not head and data[9:12] != b"100":
            self._head = data
        elif len(data) > _COPIED:
            self.flush()
            self._transport.write(data)
        else:
            self._head = b""
            self._transport.write(head + data)

    def flush(self) -> None:
        """Send a head without a body."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        """Send a head that was held back, and end the connection."""
        self.flush()
        self._end()
