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
from runner.execution.cores import usable_cores
from runner.execution.followers import worker_lives
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
        Number of concurrent runs. Default: the number of cores.
    warm : bool
        Fork workers and scripts from prefork interpreters, which pays off for many runs of one script.
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
        """Start the prefork interpreter for such runs."""
        if self.pool is not None:
            self.pool.warm_up(RunLayout(run_folder), handle)

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Start the worker in its own session, so that it survives the controller and the terminal."""
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
                env=os.environ,  # without what libraries added, which a forked worker would not get
                start_new_session=True,
            )
        return LocalJob(process, layout)

    def attach(self, run_folder: Path, restore: Callable[[Host], EnvironmentHandle]) -> Job | None:  # noqa: ARG002
        """Return None: a run on this machine does not need to be followed."""
        return None

    def close(self) -> None:
        """End the prefork interpreters. Runs continue."""
        if self.pool is not None:
            self.pool.close()


class LocalJob:
    """A worker this controller started."""

    def __init__(self, process: subprocess.Popen[bytes], layout: RunLayout) -> None:
        self._process, self._layout = process, layout
        self._ended = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's end, without polling where the system supports it."""
        if self._ended is not None:
            select.select([self._ended], [], [], seconds)
            return self._process.poll() is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end it immediately."""
        if worker_lives(self._layout):
            signal_worker(self._layout, signal.SIGTERM)
        if kill and self._process.poll() is None and not is_locked(self._layout.attendant_lock):
            self._process.kill()  # the kernel then kills the script: see PR_SET_PDEATHSIG in the worker
        # After a second SIGTERM, a container's supervisor ends it immediately and removes it.


class ForkedJob:
    """A worker that a prefork interpreter forked for this controller."""

    def __init__(self, descriptor: int, layout: RunLayout, answering: Answering | None = None) -> None:
        self._descriptor, self._layout, self._answering = descriptor, layout, answering

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's end, and answer its script's requests if nothing else does."""
        if self._answering is not None:
            self._answering.tick()
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end it immediately."""
        if worker_lives(self._layout):
            signal_worker(self._layout, signal.SIGTERM)
        if kill and not self.wait(0):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._descriptor)
