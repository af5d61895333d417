"""The ports: what the stages need from the outside world, each with a contract suite in ``tests/contracts``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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


class Job(Protocol):
    """A run that was submitted to a compute by this process or an earlier one."""

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether the run has ended and all its files are in its folder."""

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end everything immediately.

        The run's ``cancel.json`` has already been written (``execution.control.request_cancel``). A second call ends a
        script that ignores the first. Has no effect on a job that has ended in the meantime.
        """

    def detach(self) -> None:
        """Let the run continue without this process. If necessary, start a follower that finishes its record."""


class Compute(Protocol):
    """Executes runs."""

    apart: bool
    """Whether runs execute in folders on other machines, which start from the snapshot named in the order."""

    @property
    def slots(self) -> int:
        """Number of concurrent runs as far as known; grows as machines join."""

    def host(self) -> Host:
        """Return the host that environments are built on."""

    def scale(self) -> ScaleRecord:
        """Prepare nodes and slots."""

    def share(self, at_a_time: int) -> dict[str, str]:
        """Return the variables that give each of `at_a_time` runs its share of the cores, once a machine is chosen."""

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Prepare what similar runs can share, given a run's folder with its ``order.json``. May do nothing."""

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker, detached, on a run's folder with its ``order.json``.

        Writes the run's ``job.json`` if more than the worker's locks is needed to find the job again.
        """

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:
        """Return the job of a run that any process has submitted, or None if it is not running or queued.

        Does not connect to or start anything. `restore` returns the run's environment on a host, in case the run must
        be restarted during `Job.wait`.
        """

    def close(self) -> None:
        """Release cached resources. Does not affect runs that are still going."""


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


class MakeCompute(Protocol):
    """Makes a compute."""

    def __call__(self, settings: Any, base: Path, /, *, several: bool, say: Say) -> Compute:
        """Return the compute for settings. `base` is the folder of relative paths; `several` expects similar runs."""


@dataclass(frozen=True)
class ComputeKind:
    """One kind of compute: the ``KIND`` of a module in the table in ``config/computes.py``.

    Parameters
    ----------
    settings : type
        The dataclass of its settings: the keys of ``conf/compute/KIND.yaml``.
    make : MakeCompute
        Makes the compute.
    check : callable
        Raises a `UserError` for a ``RunSpec`` with invalid settings. The path is the folder of relative paths.
    machines : callable or None
        For clusters: returns the `Machines` for settings and the folder of relative paths.
    """

    settings: type
    make: MakeCompute
    check: Callable[[Any, Path], None]
    machines: Callable[[Any, Path], Machines] | None = None


class SnapshotStore(Protocol):
    """Content-addressed copies of source folders."""

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        """Copy a source folder, unless its content is already stored."""

    def check_out(self, digest: str, target: Path) -> None:
        """Make a writable copy of a stored snapshot."""


class Inspector(Protocol):
    """Loads a model in its run's environment and describes it."""

    def inspect(self, path: Path) -> Inspection:
        """Inspect a model in the run's environment, in a clean process."""
