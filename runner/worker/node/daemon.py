"""The node's daemon, which outlives connections. It counts slots, starts workers and holds prefork interpreters.

The program ``node.daemon ROOT IDLE_SECONDS`` is started on demand and answers lines of JSON on a socket in its
folder. It ends after `IDLE_SECONDS` without runs or requests. Workers do not need it: if it is killed, they continue,
and the next daemon counts them by the locks they hold.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback

from .. import job_order, layout, locks
from ..layout import BOOTSTRAP, WORKER
from ..prefork import launch
from ..prefork.pool import PreforkPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

_COMES = 15.0  # seconds until a daemon must have started
_TICK = 0.2
_LONGEST = 300.0  # seconds for an answer, which may have to wait for imports


class Daemon:
    """Counts running jobs and starts new ones.

    Parameters
    ----------
    root : str
        The node's folder.
    idle : float
        Seconds without a run or a request after which the daemon ends.
    """

    def __init__(self, root: str, idle: float) -> None:
        self._root, self._idle = root, idle
        self._pool = PreforkPool()
        self._begun: "Dict[str, int]" = {}  # run to worker pid, until the worker holds its lock
        self._spawned: "List[subprocess.Popen[bytes]]" = []
        self._counting = threading.Lock()
        self._asked = time.monotonic()
        self._over = False

    def serve(self, listening: socket.socket) -> None:
        """Answer requests until the daemon is stopped or idle for too long."""
        listening.settimeout(_TICK)
        while not self._over:
            try:
                connection = listening.accept()[0]
                self._asked = time.monotonic()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            except socket.timeout:
                pass
            self._spawned = [process for process in self._spawned if process.poll() is None]
            if self.running():
                self._asked = time.monotonic()
            elif time.monotonic() - self._asked > self._idle:
                break
        self._pool.close()

    def running(self) -> "List[str]":
        """Return the folders of the runs whose workers are alive."""
        for run, pid in list(self._begun.items()):
            if is_running(run) or not lives(pid):
                self._begun.pop(run, None)
        return sorted(set(running_jobs(self._root)) | set(self._begun))

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                question = json.loads(connection.makefile("r", encoding="utf-8").readline())
                answer = getattr(self, "do_" + question["do"])(question)
            except Exception as error:
                traceback.print_exc()
                answer = {"error": "{}: {}".format(type(error).__name__, error)}
            try:
                connection.sendall(json.dumps(answer).encode("ascii") + b"\n")
            except OSError:  # the client has left
                pass

    def do_start(self, question: "Dict[str, Any]") -> "Dict[str, Any]":
        """Start the worker of a run unless it has started or no slot is free."""
        run = question["run"]
        with self._counting:
            running = self.running()
            if run in running or os.path.exists(os.path.join(run, layout.WORKER_LOCK)):
                return {"pid": self._begun.get(run)}
            if len(running) >= question["slots"]:
                return {"full": len(running)}
            self._begun[run] = os.getpid()  # takes the slot while the worker starts
        try:
            self._begun[run] = pid = self._start(run, question["warm"])
        except BaseException:
            self._begun.pop(run, None)
            raise
        return {"pid": pid}

    def _start(self, run: str, warm: bool) -> int:
        order = job_order.read(run)
        if warm:
            forked = self._launch(run, order)
            worker = self._pool.fork(forked) if forked is not None else None
            if worker is not None:
                return worker.pid or os.getpid()
        log = os.path.join(run, layout.WORKER_LOG)
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [*order.python, "-s", BOOTSTRAP, "run.lifecycle", run],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=run,
                start_new_session=True,
            )
        self._spawned.append(process)
        return process.pid

    def do_warm(self, question: "Dict[str, Any]") -> "Dict[str, Any]":
        """Start a prefork interpreter for similar runs."""
        run = question["run"]
        forked = self._launch(run, job_order.read(run))
        if forked is not None:
            self._pool.prepare(forked)
        return {}

    def _launch(self, run: str, order: job_order.JobOrder) -> "Optional[launch.Launch]":
        """Return how to fork the worker of a run, or None if the run needs a new interpreter."""
        if not os.path.exists("/proc/self/fd"):
            return None
        return launch.make(run, order, order.python, learned=os.path.join(self._root, "environments", "warm"))

    def do_state(self, question: "Dict[str, Any]") -> "Dict[str, Any]":
        """Return the running jobs."""
        return {"running": self.running(), "pid": os.getpid(), "worker": WORKER}

    def do_stop(self, question: "Dict[str, Any]") -> "Dict[str, Any]":
        """End the daemon. Running jobs continue."""
        self._over = True
        return {}


def running_jobs(root: str) -> "List[str]":
    """Return the folders of running jobs."""
    runs = os.path.join(root, "runs")
    try:
        names = os.listdir(runs)
    except FileNotFoundError:
        return []
    folders = [os.path.join(runs, name) for name in names]
    return [run for run in folders if is_running(run)]


def is_running(run: str) -> bool:
    """Return whether a run's worker, or its container's supervisor, is alive."""
    return any(locks.is_locked(os.path.join(run, name)) for name in (layout.WORKER_LOCK, layout.ATTENDANT_LOCK))


def lives(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        with open("/proc/{}/stat".format(pid), "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except (OSError, IndexError):
        return False


def _place(root: str) -> str:
    """Return the prefix of the daemon's files. It is short and differs between versions of the worker's folder.

    It also differs between groups of the user: a process keeps those of its login, so whoever has joined the container
    engine's group needs another daemon.
    """
    kind = "{} {}".format(WORKER, sorted(os.getgroups()))
    return os.path.join(root, "daemon-" + hashlib.sha256(kind.encode("utf-8", "surrogateescape")).hexdigest()[:12])


def _address(root: str) -> "Any":
    """Return the socket's address through a descriptor of its folder. The path itself may be too long."""
    folder = os.open(root, os.O_RDONLY)
    return folder, "/proc/self/fd/{}/{}.sock".format(folder, os.path.basename(_place(root)))


def ask(root: str, idle: float, **question: "Any") -> "Dict[str, Any]":
    """Return the daemon's answer, starting a daemon if necessary.

    Raises
    ------
    OSError
        If it does not start, does not answer or reports an error.
    """
    until = time.monotonic() + _COMES
    while True:
        answer = ask_if_running(root, **question)
        if answer is not None:
            break
        if time.monotonic() > until:
            raise OSError("the daemon did not start: see {}.log".format(_place(root)))
        _start(root, idle)
        time.sleep(0.02)
    if "error" in answer:
        raise OSError(answer["error"])
    return answer


def ask_if_running(root: str, **question: "Any") -> "Optional[Dict[str, Any]]":
    """Return the daemon's answer, or None if no daemon is running."""
    folder, address = _address(root)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_LONGEST)
            connection.connect(address)
            connection.sendall(json.dumps(question).encode("ascii") + b"\n")
            line = connection.makefile("rb").readline()
        answer: "Dict[str, Any]" = json.loads(line.decode() or "null")
        return answer
    except (FileNotFoundError, ConnectionError):
        return None
    finally:
        os.close(folder)


def _start(root: str, idle: float) -> None:
    """Start a daemon unless one is running or starting."""
    place = _place(root)
    if locks.is_locked(place + ".lock"):
        return
    with open(place + ".log", "ab") as log:
        subprocess.Popen(
            [sys.executable, "-s", BOOTSTRAP, "node.daemon", root, str(idle)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def main(arguments: "List[str]") -> None:
    """Run the daemon unless another one is running."""
    root, idle = arguments[0], float(arguments[1])
    if locks.take_lock(_place(root) + ".lock") is None:
        return
    _folder, address = _address(root)
    try:
        os.unlink(address)
    except FileNotFoundError:
        pass
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.umask(0o077)
        listening.bind(address)
        os.umask(before)
        listening.listen(64)
        Daemon(root, idle).serve(listening)
        os.unlink(address)
