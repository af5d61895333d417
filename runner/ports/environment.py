"""Environments that runs execute in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord


class EnvironmentHandle(Protocol):
    """A prepared environment. It translates commands, so a compute does not need to know its kind."""

    record: EnvironmentRecord
    attended: bool
    """Whether its processes are isolated from this machine's, so that one outside watches them."""

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` in the environment. ``python`` is the environment's own."""

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the same command for a process that is already inside."""

    def variables(self) -> dict[str, str]:
        """Return the variables that activate the environment (``PATH``, ``VIRTUAL_ENV``)."""

    def lock_text(self) -> str:
        """Return the lock: the exact packages, with their hashes if known."""

    def on(self, host: Host, say: Say) -> EnvironmentHandle:
        """Return the same environment on another host.

        Raises
        ------
        UserError
            If the environment cannot be used there.
        """


class Environment(Protocol):
    """One kind of environment."""

    def prepare(self, host: Host, say: Say) -> EnvironmentHandle:
        """Resolve the environment, build it unless it is cached, check it and return it."""

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> EnvironmentHandle:
        """Restore the environment of an earlier run from its lock.

        Raises
        ------
        UserError
            If it cannot be restored, with the differences.
        """
