"""The sockets that server processes accept from: the server's own, and one that outlives the server.

The second belongs to a holder (see holder.py), which passes it to the server of each version in turn. Several servers
may have it, but only one accepts from it: the one whose generation is in the endpoint's record. So replacing that
record switches servers, and connections that arrive meanwhile wait in the socket.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from runner.errors import UserError
from runner.layout import EndpointLayout

STOP = (signal.SIGTERM, signal.SIGINT)
_POLL = 0.05  # seconds between checks of whose turn it is
_PATIENCE = 60.0  # seconds to wait for a holder


class Listening:
    """A server's own socket."""

    def __init__(self, own_socket: socket.socket) -> None:
        self._own = own_socket

    def take(self, stopped: Callable[[], bool]) -> list[socket.socket]:  # noqa: ARG002 - there is nothing to wait for
        """Return the sockets to accept from once it is this server's turn, or none if it is stopped first."""
        return [self._own]

    @property
    def lost(self) -> bool:
        """Whether connections can no longer arrive."""
        return False

    @property
    def passed(self) -> bool:
        """Whether it is a later server's turn."""
        return False


class SharedListening(Listening):
    """A server's own socket, and that of a holder.

    Parameters
    ----------
    own_socket : socket
        The socket that health checks use.
    home : Path
        The endpoint's folder, with its record and the holder's own socket.
    generation : int
        The generation that this server serves.

    Raises
    ------
    UserError
        If there is no holder.
    InterruptedError
        If a signal to stop arrived before there was one.
    """

    def __init__(self, own_socket: socket.socket, home: Path, generation: int) -> None:
        super().__init__(own_socket)
        self._home, self._generation = EndpointLayout(home), generation
        self._holder, self._handed = _ask(self._home.holder)

    def take(self, stopped: Callable[[], bool]) -> list[socket.socket]:
        """Return both sockets when it is this server's turn."""
        while self._current_generation() != self._generation:
            if stopped():
                return []
            time.sleep(_POLL)
        return [self._own, self._handed]

    @property
    def lost(self) -> bool:
        """Whether the holder has died. It sends nothing, so the connection becomes readable only when it ends."""
        return bool(select.select([self._holder], [], [], 0)[0])

    @property
    def passed(self) -> bool:
        """Whether the record has a later generation."""
        return self._current_generation() > self._generation

    def _current_generation(self) -> int:
        return int(json.loads(self._home.record.read_bytes())["generation"])


def _ask(path: Path) -> tuple[socket.socket, socket.socket]:
    """Return a connection to the holder and the socket it handed over."""
    until = time.monotonic() + _PATIENCE
    while True:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.connect(str(path))
            _, descriptors, _, _ = socket.recv_fds(holder, 1, 1)
            if descriptors:
                return holder, socket.socket(fileno=descriptors[0])
        except (FileNotFoundError, ConnectionError):
            pass
        holder.close()
        if time.monotonic() > until:
            raise UserError(f"the container that holds its socket does not answer at {path}")
        if signal.sigtimedwait(STOP, _POLL) is not None:
            raise InterruptedError
