"""What executes runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runner.ports.environment import EnvironmentHandle
from runner.ports.host import Host
from runner.ports.machines import Machines
from runner.ports.say import Say
from runner.records import ScaleRecord


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
