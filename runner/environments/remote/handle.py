"""An environment on a node, and how commands are run in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.ports import Host, Say
from runner.records import EnvironmentRecord


@dataclass(frozen=True)
class Entrance:
    """How processes are started in it there.

    Parameters
    ----------
    words : sequence of str
        What comes before a command; nothing where a program's path is enough.
    python : str
        Its Python.
    variables : mapping
        What makes it the active one.
    """

    words: Sequence[str]
    python: str
    variables: Mapping[str, str]


class AwayHandle:
    """An environment that was made on another machine.

    Parameters
    ----------
    record : EnvironmentRecord
        What is known of it.
    lock_text : str
        What is installed.
    entrance : Entrance
        How it is entered.
    host : str
        The machine's name.
    again : callable
        Has the very same on another one.
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
        """Return it from what the machine answered; see ``there``."""
        entrance = Entrance(answer["enter"], answer["python"], answer["variables"])
        return cls(EnvironmentRecord.from_json(answer["record"]), answer["lock"], entrance, host, again)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command of the machine that enters the environment."""
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
