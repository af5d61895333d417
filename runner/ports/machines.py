"""The machines of a cluster and the connections to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol


class Channel(Protocol):
    """The streams of a remote program, or a connection to a port. Methods raise ``OSError``."""

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""

    def sendall(self, content: bytes, /) -> object:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Wait for data and return it; empty at the end."""

    def settimeout(self, seconds: float | None, /) -> object:
        """Make `recv` raise ``TimeoutError`` after so many seconds."""

    def shutdown(self, how: int, /) -> object:
        """Announce that no more data will be sent."""

    def close(self) -> object:
        """Close it."""


class Link(Protocol):
    """A connection to a machine."""

    @property
    def name(self) -> str:
        """The machine's name."""

    @property
    def host(self) -> str:
        """The address at which other machines of the cluster reach it."""

    @property
    def seconds(self) -> float:
        """Seconds that it may take to answer."""

    @property
    def is_alive(self) -> bool:
        """Whether the connection is alive, as far as known."""

    def start(self, words: list[str]) -> Channel:
        """Start a program with these exact arguments.

        Raises
        ------
        UserError
            If the machine cannot start it.
        """

    def complaint(self, channel: Any) -> bytes:
        """Return what a program has written to standard error so far."""

    def open(self, port: int) -> Channel:
        """Connect to a port on the machine's loopback interface.

        Raises
        ------
        UserError
            If the port does not answer.
        """

    def close(self) -> None:
        """Close the connection."""


class Machine(Protocol):
    """One machine of a cluster, and how it is reached."""

    @property
    def name(self) -> str:
        """Its name, unique in the cluster."""

    @property
    def python(self) -> str:
        """The Python started there first, 3.6 or later."""

    @property
    def slots(self) -> int | None:
        """Number of concurrent runs, None for one per core."""

    def connect(self) -> Link:
        """Connect to it.

        Raises
        ------
        UserError
            If it cannot be reached, has another host key, or rejects the login.
        """

    def occupy(self, run: Path) -> None:
        """Tell the machine's scheduler that the run of a folder is still going."""


class Machines(Protocol):
    """Finds the machines of a cluster."""

    def find(self) -> Sequence[Machine]:
        """Return the available machines in order of preference, without connecting to them.

        Raises
        ------
        UserError
            If they cannot be determined.
        """

    def named(self, name: str) -> Machine | None:
        """Return the machine of a name, even if currently unavailable; None if the name is impossible."""

    def close(self) -> None:
        """Release what is needed to find the machines."""
