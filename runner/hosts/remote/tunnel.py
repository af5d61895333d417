"""A tunnel from a port on this machine's loopback to a port on another machine's, through a connection to it."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Protocol

from runner.errors import UserError

_PIECE = 1 << 16


class PortOpener(Protocol):
    """A machine with a connection that opens its ports."""

    @property
    def name(self) -> str:
        """Return the machine's name."""

    def open(self, port: int) -> Any:
        """Return a channel to a port on the machine's loopback."""


class Tunnel:
    """Accepts connections on a port of this machine until it is closed.

    Parameters
    ----------
    machine : PortOpener
        The machine at the other end.
    port : int
        The port on the machine's loopback.
    listening : socket, optional
        The socket that accepts connections. Default: a free port on loopback.
    """

    def __init__(self, machine: PortOpener, port: int, listening: socket.socket | None = None) -> None:
        self._machine, self._there = machine, port
        self._listening = listening or socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, name=f"tunnel to {machine.name}", daemon=True).start()

    def close(self) -> None:
        """Stop accepting connections."""
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection = self._listening.accept()[0]
                threading.Thread(target=self._forward, args=(connection,), daemon=True).start()

    def _forward(self, connection: socket.socket) -> None:
        with connection:
            try:
                channel = self._machine.open(self._there)
            except (UserError, OSError):
                return
            back = threading.Thread(target=_copy, args=(channel, connection), daemon=True)
            back.start()
            _copy(connection, channel)
            back.join()
            channel.close()


def _copy(source: Any, target: Any) -> None:
    """Carry bytes one way until that end closes."""
    with contextlib.suppress(OSError, EOFError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
