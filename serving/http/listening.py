"""The sockets that server processes accept from: one of their own, or one that outlives the server.

That one belongs to a holder (see holder.py), which hands it to the servers of one version after another. All of them
may have it; only the one whose turn it is accepts from it. Whose turn it is says the endpoint's record, so one rename
lets one server begin and the other end, and what has come meanwhile waits in the socket.
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
_POLL = 0.05  # seconds between looks whether it is its turn
_PATIENCE = 60.0  # seconds until a holder has to be there


class Listening:
    """A server's own socket."""

    def __init__(self, own: socket.socket) -> None:
        self._own = own

    def take(self, stopped: Callable[[], bool]) -> list[socket.socket]:  # noqa: ARG002 - there is nothing to wait for
        """Return what is to be accepted from, as soon as that is allowed; nothing if it was stopped before."""
        return [self._own]

    @property
    def lost(self) -> bool:
        """Tell whether nothing will ever come any more."""
        return False

    @property
    def passed(self) -> bool:
        """Tell whether another server has the turn after this one."""
        return False


class Handed(Listening):
    """A server's own socket, and the one of a holder.

    Parameters
    ----------
    own : socket
        Where its health is asked for.
    home : Path
        The endpoint's folder, with its record and the holder's own socket.
    generation : int
        The one of the record whose turn is this server's.

    Raises
    ------
    UserError
        If there is no holder.
    InterruptedError
        If a signal to stop came before there was one.
    """

    def __init__(self, own: socket.socket, home: Path, generation: int) -> None:
        super().__init__(own)
        self._home, self._generation = EndpointLayout(home), generation
        self._holder, self._handed = _ask(self._home.holder)

    def take(self, stopped: Callable[[], bool]) -> list[socket.socket]:
        """Return both sockets when it is this server's turn."""
        while self._turn() != self._generation:
            if stopped():
                return []
            time.sleep(_POLL)
        return [self._own, self._handed]

    @property
    def lost(self) -> bool:
        """Tell whether the holder has died: it says nothing, so only its end makes it readable."""
        return bool(select.select([self._holder], [], [], 0)[0])

    @property
    def passed(self) -> bool:
        """Tell whether the record is of a later generation."""
        return self._turn() > self._generation

    def _turn(self) -> int:
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
            raise UserError(f"nobody holds its socket at {path}")
        if signal.sigtimedwait(STOP, _POLL) is not None:
            raise InterruptedError
