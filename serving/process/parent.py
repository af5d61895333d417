"""Loads the models once, forks the server processes, which share the memory, and replaces those that die or hang.

A fork keeps only the thread that forks. A thread pool, such as OpenMP's, would hang when the new process uses it. So
nothing here starts a thread. If loading a model starts threads all the same, nothing is shared, and each process loads
the models itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.layout import EndpointLayout
from runner.worker import timeouts
from serving.http.connections.listening import STOP, Listening
from serving.process.settings import read_endpoint

if TYPE_CHECKING:
    from serving.process.deployer import Deployer

SIGNALS = (*STOP, signal.SIGCHLD)
NOT_SERVED, HAS_THREADS = 1, 4  # exit codes of the loading process
GRACE = 5.0  # seconds beyond stop_timeout after which processes are killed
# Checks without a sign of life after which a process is replaced. Checks are counted instead of seconds, because a
# process is not hung if the machine was asleep or stopped all processes at once.
_SILENT_LOOKS = 20
_BEGUN_ANEW = ("jemalloc_bg_thd",)  # threads whose library handles forks; pyarrow starts this one


def load_and_supervise(folder: Path, listening: Listening, *, shared: bool) -> int:
    """Run the loading process of an endpoint until a signal to stop arrives. Return the exit code."""
    _, endpoint, _, _ = read_endpoint(folder)
    deployer = None
    if shared:
        from serving.process import worker

        deployer = worker.load(folder)
        if deployer.problem is not None:
            return NOT_SERVED
        forget(endpoint, os.getpid())  # this process does not serve
        if _has_threads():
            return HAS_THREADS
    Processes(folder, listening, deployer).supervise()
    return 0


@dataclass
class Process:
    """One server process.

    Parameters
    ----------
    pid : int
        Its id.
    signs : int
        The read end of the pipe with its signs of life.
    begun : float
        Its start, as a value of ``time.monotonic``.
    state : Path
        The file that it writes once it has loaded the models, which may take any time.
    silent : int or None
        The number of checks without a sign of life. None before the first sign and the state file.
    """

    pid: int
    signs: int
    begun: float
    state: Path
    silent: int | None = None

    def is_hung(self) -> bool:
        """Check for signs of life. Return whether there were none for too long."""
        with contextlib.suppress(BlockingIOError):
            if os.read(self.signs, 1 << 12):
                self.silent = 0
        if self.silent is None:
            if not self.state.exists():
                return False
            self.silent = 0
        self.silent += 1
        return self.silent > _SILENT_LOOKS


class Processes:
    """The server processes of an endpoint.

    Parameters
    ----------
    folder : Path
        The endpoint's folder.
    listening : Listening
        The sockets from which all of them accept.
    deployer : Deployer or None
        The loaded models that they share. None means that each process loads them itself.
    """

    def __init__(self, folder: Path, listening: Listening, deployer: Deployer | None) -> None:
        self._folder, self._listening, self._deployer = folder, listening, deployer
        _, self._endpoint, _, self._settings = read_endpoint(folder)
        self._running: list[Process] = []
        self._not_before = 0.0

    def supervise(self) -> None:
        """Keep the configured number of processes running until a signal to stop. Then wait for their last answers."""
        signalled = signal.sigtimedwait(SIGNALS, 0)
        while signalled is None or signalled.si_signo not in STOP:
            if signalled is None:
                self._replace_hung()
            self._remove_ended()
            while len(self._running) < self._settings.workers and time.monotonic() >= self._not_before:
                self._running.append(self._fork())
            signalled = signal.sigtimedwait(SIGNALS, timeouts.seconds("server_look"))
        self._stop()

    def _fork(self) -> Process:
        signs, sign = os.pipe()
        os.set_blocking(signs, False)
        os.set_blocking(sign, False)
        unneeded = [signs, *(process.signs for process in self._running)]
        pid = fork(lambda: self._serve(sign, unneeded))
        os.close(sign)
        return Process(pid, signs, time.monotonic(), self._endpoint.states / f"{pid}.json")

    def _serve(self, sign: int, unneeded: list[int]) -> int:
        from serving.process import worker

        for descriptor in unneeded:
            os.close(descriptor)
        worker.run(self._folder, self._deployer or worker.load(self._folder), self._listening, sign)
        return 0

    def _replace_hung(self) -> None:
        for process in self._running:
            if process.is_hung():
                print(f"Server process {process.pid} does not respond and is replaced", flush=True)
                os.kill(process.pid, signal.SIGKILL)

    def _remove_ended(self) -> None:
        """Remove ended processes from the list. If one ended within a second, its successor starts a second later."""
        for process in [process for process in self._running if exit_code(process.pid) is not None]:
            self._running.remove(process)
            os.close(process.signs)
            forget(self._endpoint, process.pid)
            if process.begun > time.monotonic() - 1:
                self._not_before = time.monotonic() + 1

    def _stop(self) -> None:
        for process in self._running:
            os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + self._settings.stop_timeout + GRACE
        while self._running:
            signal.sigtimedwait(SIGNALS, 0.2)
            self._remove_ended()
            if time.monotonic() > until:
                for process in self._running:
                    os.kill(process.pid, signal.SIGKILL)


def fork(run: Callable[[], int]) -> int:
    """Run a function in a new process, and return its id. The process ends with the function or if this process dies.

    It does not run the clean-up of this process.
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 3
    try:
        _end_with(parent)
        code = run()
    except BaseException:  # noqa: BLE001 - the parent's code must not continue in the child
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def exit_code(pid: int) -> int | None:
    """Return a child's exit code, or minus the number of the signal that ended it. None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, so that this process can wait for their end."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def has_children() -> bool:
    """Reap ended children, and return whether others are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return False
    return True


def forget(endpoint: EndpointLayout, pid: int) -> None:
    """Remove a process's state and metrics, which are only valid while it serves."""
    (endpoint.states / f"{pid}.json").unlink(missing_ok=True)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _end_with(parent: int) -> None:
    """Let the kernel end this process if its parent dies (prctl, PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it has died before the call
        os._exit(0)


def _has_threads() -> bool:
    """Return whether this process has threads that a fork would not copy, including those unknown to Python."""
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return len([name for name in names if name not in _BEGUN_ANEW]) > 1
