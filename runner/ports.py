"""The seams: what the stages need of the outside world, each with one contract suite in ``tests/contracts``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.records import (
    EnvironmentRecord,
    Inspection,
    ScaleRecord,
    SnapshotRecord,
)

Say = Callable[[str], None]
"""Takes one line of progress for the log of the run."""


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
    """A machine that commands run on and files live on. Environments are built on it.

    `root` is where what is kept there is, None for the workspace of the controller itself. `target` is what to lock
    packages for in uv's words, None for this machine. `path` is its ``PATH``. One that
    does not fetch packages is sent them.
    """

    name: str
    root: Path | None
    target: str | None
    path: str
    fetches: bool

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
        """Run a command to its end; `say` gets its output (both streams) line by line as it comes."""

    def exists(self, path: Path) -> bool:
        """Tell whether a path is there."""

    def read(self, path: Path) -> bytes:
        """Return a file's content."""

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically, making its folder."""

    def put(self, local: Path, remote: Path) -> None:
        """Copy a file or folder from the controller's machine."""

    def get(self, remote: Path, local: Path) -> None:
        """Copy a file or folder to the controller's machine."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder on one file system."""

    def remove(self, path: Path) -> None:
        """Remove a file or a folder with all it holds; a missing one is fine."""

    def lock(self, path: Path) -> AbstractContextManager[object]:
        """Hold a lock that the death of the holder frees."""


class EnvironmentHandle(Protocol):
    """A prepared environment: turns an argv into an argv, so that a compute need not know its kind."""

    record: EnvironmentRecord
    attended: bool
    """Whether its processes are apart from this machine's, and one of here attends them."""

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that enters the environment and runs `argv` there; ``python`` means its own."""

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the same command as it is started by a process that is inside already."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables that make it the active one (``PATH``, ``VIRTUAL_ENV``)."""

    def lock_text(self) -> str:
        """Return the lock: what exactly is installed, with hashes where they are known."""

    def on(self, host: Host, say: Say) -> EnvironmentHandle:
        """Return the very same environment on another host.

        Raises
        ------
        UserError
            If it cannot be there.
        """


class Environment(Protocol):
    """One kind of environment."""

    def prepare(self, host: Host, say: Say) -> EnvironmentHandle:
        """Resolve, build unless it is cached, check and return it."""

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> EnvironmentHandle:
        """Return the very environment of an earlier run, from its lock.

        Raises
        ------
        UserError
            If it cannot be had again, naming the differences.
        """


class Job(Protocol):
    """A worker that a compute started."""

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether the worker is gone."""

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end everything at once."""


class Compute(Protocol):
    """Where runs go."""

    apart: bool
    """Whether runs are carried out in folders of other machines, which begin with the snapshot that the order names."""

    @property
    def slots(self) -> int:
        """Runs at a time, as far as is known: more once more machines have joined."""

    def host(self) -> Host:
        """Return the host that environments are built on."""

    def scale(self) -> ScaleRecord:
        """Have nodes and slots ready."""

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Have ready what runs like that of a folder, whose ``order.json`` is written, can share; maybe nothing."""

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker, detached, on the run's folder, whose ``order.json`` is written."""

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:
        """Follow a run that another controller submitted and left; None where it has no need of that.

        `restore` has the run's environment again on a host, in case that the run has to begin anew.
        """

    def close(self) -> None:
        """Let go of what was kept for further runs; runs that go on are not touched."""


class SnapshotStore(Protocol):
    """Content-addressed copies of source folders."""

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        """Copy a source folder unless its content is there already."""

    def check_out(self, digest: str, target: Path) -> None:
        """Make a writable copy of a stored snapshot."""


class Inspector(Protocol):
    """Loads a model where it belongs and says what it is."""

    def inspect(self, path: Path) -> Inspection:
        """Inspect a model in the run's environment, in a clean process."""
