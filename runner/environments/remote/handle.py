"""An environment on a node, and how to run commands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord


@dataclass(frozen=True)
class StartCommand:
    """The words and variables that start a process in an environment.

    Parameters
    ----------
    words : sequence of str
        The words before a command; none if a program's path is enough.
    python : str
        The environment's Python.
    variables : mapping of str to str
        The variables that activate the environment.
    """

    words: Sequence[str]
    python: str
    variables: Mapping[str, str]


class RemoteHandle:
    """An environment that was built on another machine.

    Parameters
    ----------
    record : EnvironmentRecord
        Its record.
    lock_text : str
        The lock of the installed packages.
    start_command : StartCommand
        The words and variables that start a process in it.
    host : str
        The machine's name.
    again : callable
        Builds the same environment on another machine.
    """

    def __init__(
        self,
        record: EnvironmentRecord,
        lock_text: str,
        start_command: StartCommand,
        host: str,
        again: Callable[[Host, Say], RemoteHandle],
    ) -> None:
        self.record, self._lock, self._start_command, self._host, self._again = (
            record,
            lock_text,
            start_command,
            host,
            again,
        )
        self.attended = record.kind == "docker"

    @classmethod
    def of(cls, answer: Mapping[str, Any], host: str, again: Callable[[Host, Say], RemoteHandle]) -> RemoteHandle:
        """Create a handle from the answer of `build_on_node`."""
        start_command = StartCommand(answer["enter"], answer["python"], answer["variables"])
        return cls(EnvironmentRecord.from_json(answer["record"]), answer["lock"], start_command, host, again)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that enters the environment on the machine."""
        return [*self._start_command.words, *self.inside(argv)]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command with the environment's Python."""
        program, *rest = argv
        return [self._start_command.python if program in ("python", "python3") else program, *rest]

    def variables(self) -> dict[str, str]:
        """Return the variables that activate the environment."""
        return dict(self._start_command.variables)

    def lock_text(self) -> str:
        """Return the lock of the installed packages."""
        return self._lock

    def on(self, host: Host, say: Say) -> RemoteHandle:
        """Return the same environment on another machine."""
        return self if host.name == self._host else self._again(host, say)
