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
    """A machine that commands run on and files live on. Environments are built on it.

    `is_local` is true of the controller's own machine, where environments are kept in the workspace; another machine
    keeps them below its `root`. `target` is what to lock packages for in uv's words, None for this machine. `path` is
    its ``PATH``. A machine that does not fetch packages is sent them.
    """

    name: str
    is_local: bool
    target: str | None
    path: str
    fetches: bool

    @property
    def root(self) -> Path | None:
        """The folder that everything on another machine is kept in, None on this one."""

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
        """Return whether a path is there."""

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
        """Return the same environment on another host.

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
        """Restore the environment of an earlier run from its lock.

        Raises
        ------
        UserError
            If it cannot be restored, naming the differences.
        """


class Job(Protocol):
    """A run that a compute has taken on, by this process or by an earlier one."""

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether nothing of the run goes on and what it left is in its folder."""

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end everything at once.

        The mark that asks for the end is in the run's folder already (``execution.control.request_cancel``). A second
        call ends a script that does not heed the first. A job that has ended meanwhile is left as it is.
        """

    def detach(self) -> None:
        """Have the run go on without this process, and its record finished in the end, if need be by a follower."""


class Compute(Protocol):
    """Where runs go."""

    apart: bool
    """Whether runs are carried out in folders of other machines, which begin with the snapshot that the order names."""

    @property
    def slots(self) -> int:
        """Number of concurrent runs as far as known; grows as machines join."""

    def host(self) -> Host:
        """Return the host that environments are built on."""

    def scale(self) -> ScaleRecord:
        """Prepare nodes and slots."""

    def share(self, at_a_time: int) -> dict[str, str]:
        """Return the variables that give one of so many runs its share of the cores, as far as a machine is chosen."""

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Prepare what similar runs can share, given a run's folder with its ``order.json``. May do nothing."""

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker, detached, on the run's folder, whose ``order.json`` is written.

        What it takes to find the job again is kept in the run's ``job.json``, unless the worker's locks say it.
        """

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:
        """Return the job of a run that any process has submitted; None if nothing of it goes on.

        Nothing is connected or started by that. `restore` has the run's environment again on a host, in case that the
        run has to begin anew while it is waited for.
        """

    def close(self) -> None:
        """Release cached resources. Does not affect runs that are still going."""


class Channel(Protocol):
    """The streams of a program there, or a connection to a port. What goes wrong is an ``OSError``."""

    @property
    def closed(self) -> bool:
        """Tell whether it was let go of."""

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
        """Runs at a time; None: its cores."""

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
        """Return those that are there, in the order in which they are preferred; none is connected by that.

        Raises
        ------
        UserError
            If they cannot be determined.
        """

    def named(self, name: str) -> Machine | None:
        """Return the machine of a name, even if currently unavailable; None if the name is impossible."""

    def close(self) -> None:
        """Let go of what it takes to know them."""


class MakeCompute(Protocol):
    """Makes a compute."""

    def __call__(self, settings: Any, base: Path, /, *, several: bool, say: Say) -> Compute:
        """Return the compute of some settings; files are named from `base` on, `several` runs of one script follow."""


@dataclass(frozen=True)
class ComputeKind:
    """One kind of compute: what its module offers as ``KIND`` to the table in ``config/computes.py``.

    Parameters
    ----------
    settings : type
        The dataclass of its settings: the keys of ``conf/compute/KIND.yaml``.
    make : MakeCompute
        Makes the compute.
    check : callable
        Refuses a composition, a ``RunSpec``, in which the settings cannot be; files are named from the folder on.
    machines : callable or None
        Of a cluster: knows its machines, from its settings and the folder that files are named from.
    """

    settings: type
    make: MakeCompute
    check: Callable[[Any, Path], None]
    machines: Callable[[Any, Path], Machines] | None = None


class SnapshotStore(Protocol):
    """Content-addressed copies of source folders."""

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        """Copy a source folder unless its content is there already."""

    def check_out(self, digest: str, target: Path) -> None:
        """Make a writable copy of a stored snapshot."""


class Inspector(Protocol):
    """Loads a model in its run's environment and describes it."""

    def inspect(self, path: Path) -> Inspection:
        """Inspect a model in the run's environment, in a clean process."""
