"""A machine that environments are built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.ports.say import Say


@dataclass(frozen=True)
class Completed:
    """How a command on a host ended."""

    exit_code: int
    output: bytes


@dataclass(frozen=True)
class Interpreter:
    """One Python: where it is, its full version, its platform."""

    path: Path
    version: str
    platform: str


class Host(Protocol):
    """A machine with files, on which commands run and environments are built.

    `is_local` is true for the controller's own machine, which keeps environments in the workspace. Other machines keep
    them below their `root`. `target` is the platform to lock packages for, in uv's notation, None for this machine.
    `path` is its ``PATH``. If `fetches` is false, packages are sent to the machine.
    """

    name: str
    is_local: bool
    target: str | None
    path: str
    fetches: bool

    @property
    def root(self) -> Path | None:
        """The folder for all files on another machine, None on this one."""

    def uv(self) -> str:
        """Return the path of uv there."""

    def pythons(self) -> list[Interpreter]:
        """Return the interpreters that start there."""

    def run(
        self,
        argv: Sequence[str],
        *,
        variables: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        say: Say | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a command and wait for its end. `say` gets each line of output, from both streams, as it comes."""

    def exists(self, path: Path) -> bool:
        """Return whether a path exists."""

    def read(self, path: Path) -> bytes:
        """Return a file's content."""

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically, creating its folder."""

    def put(self, local: Path, remote: Path) -> None:
        """Copy a file or folder from the controller's machine."""

    def get(self, remote: Path, local: Path) -> None:
        """Copy a file or folder to the controller's machine."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder within a file system."""

    def remove(self, path: Path) -> None:
        """Remove a file or folder with its contents, if it exists."""

    def lock(self, path: Path) -> AbstractContextManager[object]:
        """Hold a lock that is freed if the holder dies."""
