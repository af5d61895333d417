"""Runs on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.compute.limits import check_slots
from runner.compute.local import prefork
from runner.compute.local.job import ForkedJob, FoundJob, LocalJob
from runner.execution.control import callback, worker_is_alive
from runner.execution.cores import thread_share, usable_cores
from runner.execution.requests import RequestAnswerer
from runner.hosts.local import LocalHost
from runner.layout import BOOTSTRAP, RunLayout
from runner.ports.compute import Compute, ComputeKind, Job
from runner.ports.environment import EnvironmentHandle
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import ScaleRecord
from runner.worker.prefork.pool import PreforkPool


@dataclass
class LocalComputeConfig:
    """The machine the command is typed on. With `warm` false, every run starts a new Python."""

    kind: str = "local"
    slots: int | None = None
    warm: bool | None = None


class LocalCompute:
    """The machine the controller is on.

    Parameters
    ----------
    slots : int or None
        Number of concurrent runs. Default: the number of cores.
    warm : bool
        Fork workers and scripts from prefork interpreters, which pays off for many runs of one script.
    """

    apart = False

    def __init__(self, slots: int | None = None, *, warm: bool = False) -> None:
        self.slots = slots or usable_cores()
        self.pool = PreforkPool() if warm and prefork.AVAILABLE else None

    def host(self) -> Host:
        """Return this machine."""
        return LocalHost()

    def scale(self) -> ScaleRecord:
        """Return this machine's name and slots."""
        return ScaleRecord(compute="local", nodes=(socket.gethostname(),), slots=self.slots)

    def share(self, at_a_time: int) -> dict[str, str]:
        """Return the variables for a share of this machine's cores, except those that the user has set."""
        share = thread_share(usable_cores(), at_a_time)
        return {name: value for name, value in share.items() if name not in os.environ}

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Start the prefork interpreter for similar runs."""
        launch = prefork.launch_of(RunLayout(run_folder), handle) if self.pool is not None else None
        if self.pool is not None and launch is not None:
            self.pool.begin(launch)

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker in its own session, so that it survives the controller and the terminal."""
        layout = RunLayout(run_folder)
        forked = self._fork(self.pool, layout, handle) if self.pool is not None else None
        if forked is not None:
            return forked
        command = handle.argv(["python", "-s", str(BOOTSTRAP), "run.lifecycle", str(run_folder)])
        with layout.worker_log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=run_folder,
                env=os.environ,  # without variables that libraries added in this process, as for a forked worker
                start_new_session=True,
            )
        return LocalJob(process, layout)

    def _fork(self, pool: PreforkPool, run: RunLayout, handle: EnvironmentHandle) -> Job | None:
        launch = prefork.launch_of(run, handle)
        worker = pool.fork(launch) if launch is not None else None
        if worker is None:
            return None
        if worker.pid is None:
            return FoundJob(run)
        answering = RequestAnswerer(run, callback("answer")) if handle.attended else None
        return ForkedJob(prefork.watch(worker, attended=handle.attended), run, answering)

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:  # noqa: ARG002
        """Return the worker of a run, if it still holds its lock."""
        run = RunLayout(run_folder)
        return FoundJob(run) if worker_is_alive(run) else None

    def close(self) -> None:
        """End the prefork interpreters. Runs continue."""
        if self.pool is not None:
            self.pool.close()


def _make(config: Any, _base: Path, *, several: bool, say: Say) -> Compute:  # noqa: ARG001 - the port's shape
    """Return this machine, with prefork interpreters if several similar runs are expected."""
    return LocalCompute(slots=config.slots, warm=several and config.warm is not False)


KIND = ComputeKind(LocalComputeConfig, _make, lambda spec, _base: check_slots(spec.compute.slots))
