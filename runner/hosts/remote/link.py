"""The seam between an agent's other end and what carries it there: SSH, or the connections of a Dask cluster."""

from __future__ import annotations

from typing import Any, Protocol

from runner.errors import UserError

OWN_PYTHON = "python"
"""The first word of a program for a link that knows which Python is meant: the one that its other end runs on."""


class UnreachableError(UserError):
    """A machine that does not answer now; it may later."""


class Channel(Protocol):
    """The streams of a program there, or a connection to a port. What goes wrong is an ``OSError``."""

    @property
    def closed(self) -> bool:
        """Return whether it was let go of."""

    def sendall(self, content: bytes, /) -> object:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Return what has come, waiting for something; nothing at the end."""

    def settimeout(self, seconds: float | None, /) -> object:
        """Have `recv` wait at most so long and then raise ``TimeoutError``."""

    def shutdown(self, how: int, /) -> object:
        """Say that nothing more is sent."""

    def close(self) -> object:
        """Let go of it."""


class Link(Protocol):
    """A connection to a machine."""

    @property
    def name(self) -> str:
        """How the machine is called."""

    @property
    def host(self) -> str:
        """By which other machines of the cluster reach it."""

    @property
    def seconds(self) -> float:
        """How long it may take to answer."""

    def start(self, words: list[str]) -> Channel:
        """Start a program with its words as they are.

        Raises
        ------
        UserError
            If the machine starts none.
        """

    def complaint(self, channel: Any) -> bytes:
        """Return what a program that was started wrote to its standard error, as far as it is here."""

    def open(self, port: int) -> Channel:
        """Connect to a port of the machine's own loopback.

        Raises
        ------
        UserError
            If that does not answer.
        """

    def close(self) -> None:
        """Let go of the machine."""
