"""Runs on this machine."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from runner.compute.local.prefork import AVAILABLE, WarmPool
from runner.execution.control import worker_lives
from runner.execution.cores import usable_cores
from runner.execution.requests import Answering
from runner.hosts.local import LocalHost
from runner.io.files import is_locked
from runner.layout import WORKER, RunLayout
from runner.ports import EnvironmentHandle, Host, Job
from runner.records import ScaleRecord
from runner.stages.run import callback, signal_worker


class LocalCompute:
    """The machine the controller is on.

    Parameters
    ----------
    slots : int or None
        Runs at a time, the number of cores unless set.
    warm : bool
        Fork workers and scripts from interpreters that have made the imports; it pays for many runs of one script.
    """

    apart = False

    def __init__(self, slots: int | None = None, *, warm: bool = False) -> None:
        self.slots = slots or usable_cores()
        self.pool = WarmPool() if warm and AVAILABLE else None

    def host(self) -> Host:
        """Return this machine."""
        return LocalHost()

    def scale(self) -> ScaleRecord:
        """Return this machine's name and slots."""
        return ScaleRecord(compute="local", nodes=(socket.gethostname(),), slots=self.slots)

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Start the interpreter that workers of such runs are forked from."""
        if self.pool is not None:
            self.pool.warm_up(RunLayout(run_folder), handle)

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker in a session of its own, so that it outlives the controller and its terminal."""
        layout = RunLayout(run_folder)
        worker = self.pool.fork(layout, handle) if self.pool is not None else None
        if worker is not None:
            return ForkedJob(worker, layout, Answering(layout, callback("answer")) if handle.attended else None)
        command = handle.argv(["python", "-s", str(WORKER), str(run_folder)])
        with layout.worker_log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=run_folder,
                env=os.environ,  # not what libraries put beside it, which a forked worker would not get
                start_new_session=True,
            )
        return LocalJob(process, layout)

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:  # noqa: ARG002
        """Return nothing: a run on this machine is not followed from elsewhere."""
        return None

    def close(self) -> None:
        """End the warm interpreters; what runs goes on."""
        if self.pool is not None:
            self.pool.close()


class LocalJob:
    """A worker this controller started."""

    def __init__(self, process: subprocess.Popen[bytes], layout: RunLayout) -> None:
        self._process, self._layout = process, layout
        self._ended = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's end, woken by it at once where the system can."""
        if self._ended is not None:
            select.select([self._ended], [], [], seconds)
            return self._process.poll() is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script; with `kill` it does so at once."""
        if worker_lives(self._layout):
            signal_worker(self._layout, signal.SIGTERM)
        if kill and self._process.poll() is None and not is_locked(self._layout.attendant_lock):
            self._process.kill()  # the kernel then kills the script: see PR_SET_PDEATHSIG in the worker
        # A second SIGTERM has whoever attends a container end it at once, and remove it.


class ForkedJob:
    """A worker that a warm interpreter forked for this controller."""

    def __init__(self, descriptor: int, layout: RunLayout, answering: Answering | None = None) -> None:
        self._descriptor, self._layout, self._answering = descriptor, layout, answering

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's end; answer what its script asks for if nobody else does."""
        if self._answering is not None:
            self._answering.tick()
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script; with `kill` it does so at once."""
        if worker_lives(self._layout):
            signal_worker(self._layout, signal.SIGTERM)
        if kill and not self.wait(0):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._descriptor)
