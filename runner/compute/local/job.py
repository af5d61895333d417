"""Workers on this machine as jobs: found by the locks they hold, ended by signals."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path

from runner.errors import UserError
from runner.execution.control import worker_is_alive
from runner.execution.requests import RequestAnswerer
from runner.io.json_records import read_record, read_text
from runner.io.locks import is_locked
from runner.layout import RunLayout
from runner.records import ProcessRecord

_TICK = 0.05


class FoundJob:
    """A worker that another controller started. It finishes the run's record itself.

    Parameters
    ----------
    run : RunLayout
        The run's files. They contain the pid of the worker, or of its supervisor outside the container.
    """

    def __init__(self, run: RunLayout) -> None:
        self._run = run

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds` for the worker to end, which frees its lock."""
        until = time.monotonic() + seconds
        while worker_is_alive(self._run):
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_TICK, left))
        return True

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the worker to end the script, or with `kill` end it immediately."""
        self._signal(signal.SIGTERM)
        if kill and not is_locked(self._run.attendant_lock):
            self._kill()
        # After a second SIGTERM, a container's supervisor ends it immediately and removes it.

    def detach(self) -> None:
        """Do nothing: the worker needs no controller."""

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)  # the kernel then kills the script: see PR_SET_PDEATHSIG in the worker

    def _signal(self, number: int) -> None:
        pid = _pid(self._run)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # another user's worker finds cancel.json
                os.kill(pid, number)


class LocalJob(FoundJob):
    """A worker that this controller started."""

    def __init__(self, process: subprocess.Popen[bytes], run: RunLayout) -> None:
        super().__init__(run)
        self._process = process
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

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()


class ForkedJob(FoundJob):
    """A worker that a prefork interpreter forked for this controller."""

    def __init__(self, descriptor: int, run: RunLayout, answering: RequestAnswerer | None = None) -> None:
        super().__init__(run)
        self._descriptor, self._answering = descriptor, answering

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's end, and answer its script's requests if nothing else does."""
        if self._answering is not None:
            self._answering.tick()
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _kill(self) -> None:
        if not self.wait(0):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._descriptor)


def _pid(run: RunLayout) -> int | None:
    """Return the pid of a running worker, or of the process that waits for it outside its container."""
    try:
        if is_locked(run.attendant_lock):
            return int(read_text(run.attendant_lock))
        if not is_locked(run.worker_lock):
            return None
        pid = read_record(run.process, ProcessRecord).pid
        return pid if _has_open(pid, run.worker_lock) else None
    except (FileNotFoundError, UserError, ValueError):
        return None


def _has_open(pid: int, path: Path) -> bool:
    """Return whether a process has a file open: a script in a container could name any process of this machine."""
    files = Path("/proc", str(pid), "fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(entry.samefile(path) for entry in files.iterdir() if entry.exists())
    except OSError:
        return False
