"""An environment on a node, and how to run commands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.ports import Host, Say
from runner.records import EnvironmentRecord


@dataclass(frozen=True)
class Entrance:
    """How to start processes in it.

    Parameters
    ----------
    words : sequence of str
        The words before a command; none if a program's path is enough.
    python : str
        Its Python.
    variables : mapping
        What makes it the active one.
    """

    words: Sequence[str]
    python: str
    variables: Mapping[str, str]


class AwayHandle:
    """An environment that was built on another machine.

    Parameters
    ----------
    record : EnvironmentRecord
        Its record.
    lock_text : str
        What is installed.
    entrance : Entrance
        How it is entered.
    host : str
        The machine's name.
    again : callable
        Builds the same environment on another machine.
    """

    def __init__(
        self,
        record: EnvironmentRecord,
        lock_text: str,
        entrance: Entrance,
        host: str,
        again: Callable[[Host, Say], AwayHandle],
    ) -> None:
        self.record, self._lock, self._entrance, self._host, self._again = record, lock_text, entrance, host, again
        self.attended = record.kind == "docker"

    @classmethod
    def of(cls, answer: Mapping[str, Any], host: str, again: Callable[[Host, Say], AwayHandle]) -> AwayHandle:
        """Create it from the machine's answer."""
        entrance = Entrance(answer["enter"], answer["python"], answer["variables"])
        return cls(EnvironmentRecord.from_json(answer["record"]), answer["lock"], entrance, host, again)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that enters the environment on the machine."""
        return [*self._entrance.words, *self.inside(argv)]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command with its own Python."""
        program, *rest = argv
        return [self._entrance.python if program in ("python", "python3") else program, *rest]

    def variables(self) -> dict[str, str]:
        """Return what makes it the active environment."""
        return dict(self._entrance.variables)

    def lock_text(self) -> str:
        """Return what is installed."""
        return self._lock

    def on(self, host: Host, say: Say) -> AwayHandle:
        """Return the same environment on another machine."""
        return self if host.name == self._host else self._again(host, say)
