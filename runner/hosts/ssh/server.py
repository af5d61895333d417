"""A server program on another machine, which lives as long as the SSH connection that started it."""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Any

from runner.errors import UserError
from runner.hosts.remote.tunnel import Tunnel
from runner.hosts.ssh.connection import Connection
from runner.hosts.ssh.identities import Identities, ask_on_terminal
from runner.hosts.ssh.settings import find

_ENDS = 5.0  # seconds from the end of a program's output to its exit code
_MISSING = 127  # a shell's exit code for a program that does not exist


class RemoteServer:
    """Starts a program and waits until it prints the port that it listens on; use it in a ``with`` block.

    The program has to end when its standard input does, because a lost connection sends it no signal.

    Parameters
    ----------
    host : str
        A name from ``~/.ssh/config``, or an address as ``ssh`` takes it.
    words : list of str
        The program and its arguments.
    ready : pattern
        Matches the line that announces the server. Its first group is the port on that machine's loopback.

    Raises
    ------
    UserError
        If the machine cannot be reached, or the program ends before it listens. It has the program's last line.
    """

    def __init__(self, host: str, words: list[str], ready: re.Pattern[str]) -> None:
        self._connection = Connection(find(host), Identities(ask_on_terminal))
        try:
            self._channel = self._connection.start(words)
            self.port = self._wait_for_port(words[0], ready)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> RemoteServer:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def tunnel(self, listening: socket.socket) -> Tunnel:
        """Return a tunnel from a listening socket of this machine to the server."""
        return Tunnel(self._connection, self.port, listening)

    def wait(self) -> None:
        """Wait until the program ends or the connection is lost, which is an error either way.

        Raises
        ------
        UserError
            With the reason.
        """
        for _ in self._lines():
            continue
        raise UserError(f"{self._connection.name}: {self._reason('the server has ended')}")

    def _wait_for_port(self, program: str, ready: re.Pattern[str]) -> int:
        for line in self._lines():
            if match := ready.search(line):
                return int(match[1])
        self._channel.status_event.wait(_ENDS)  # the code comes after the end of the output
        if self._channel.exit_status == _MISSING:
            raise UserError(f"{self._connection.name} has no program {program}", "Install it there, or give its path")
        raise UserError(f"{self._connection.name}: {self._reason('the program ended before it listened')}")

    def _lines(self) -> Any:
        return self._channel.makefile("r")

    def _reason(self, default: str) -> str:
        if not self._connection.is_alive:
            return "the connection was lost"
        lines = self._connection.complaint(self._channel).decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("error: ") if lines else default
