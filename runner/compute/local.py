"""Runs on this machine."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from pathlib import Path

from runner.hosts.local import LocalHost
from runner.layout import RunLayout
from runner.ports import EnvironmentHandle, Host
from runner.records import ScaleRecord
from runner.stages.run import WORKER, signal_worker, worker_lives


class LocalCompute:
    """The machine the controller is on; `slots` runs at a time, the number of cores unless set."""

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots or os.cpu_count() or 1

    def host(self) -> Host:
        """Return this machine."""
        return LocalHost()

    def scale(self) -> ScaleRecord:
        """Return this machine's name and slots."""
        return ScaleRecord(compute="local", nodes=(socket.gethostname(),), slots=self.slots)

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> LocalJob:
        """Start the worker in a session of its own, so that it outlives the controller and its terminal."""
        layout = RunLayout(run_folder)
        command = handle.argv(["python", "-s", str(WORKER), str(run_folder)])
        with layout.worker_log.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=run_folder, start_new_session=True
            )
        return LocalJob(process, layout)


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
        if kill and self._process.poll() is None:
            self._process.kill()  # the kernel then kills the script: see PR_SET_PDEATHSIG in the worker
