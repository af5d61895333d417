"""Starts a run on a node, and reports its output, requests and results while a controller listens.

A file is sent from where the listener's copy ends, so a listener that reconnects misses nothing and gets nothing twice.
The run's folder is kept until the listener confirms that it has everything.
"""

import json
import os
import select
import stat
import sys
import time

from .. import files, job_order, layout, timeouts
from ..run.script_requests import Requests
from . import daemon
from .run_folder import lay_out, new_run_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

_LOCKS = (layout.WORKER_LOCK, layout.ATTENDANT_LOCK)
_FOLDERS = (layout.REQUESTS, layout.INPUTS, layout.PACKAGES)
_OURS = frozenset([*_LOCKS, *_FOLDERS, layout.ORDER, layout.SECRETS, layout.PROCESS, layout.CANCEL])
_PIECE = 1 << 18
_SMALL = 1 << 16  # bytes; a smaller file is sent with the end, which saves a request
_MOST = 1 << 20  # bytes of all such files
_QUICK, _SLOW = 0.01, 0.1  # seconds between reads after new output, and of a silent run


class ProcessExit:
    """Waits for the end of a process, without polling where the system supports it.

    Parameters
    ----------
    pid : int or None
        The process, if it is known.
    """

    def __init__(self, pid: "Optional[int]") -> None:
        self._descriptors: "List[int]" = []
        if pid is not None and sys.version_info >= (3, 9):
            try:
                self._descriptors.append(os.pidfd_open(pid))
            except OSError:  # it has ended, or the system is too old
                pass

    def __enter__(self) -> "ProcessExit":
        return self

    def __exit__(self, *_: "Any") -> None:
        self._close()

    def wait(self, seconds: float) -> None:
        """Wait for at most `seconds` or until the process ends."""
        if select.select(self._descriptors, [], [], seconds)[0]:
            self._close()  # it would stay readable

    def _close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


class NodeRun:
    """A run on this node, reported to one listener.

    Parameters
    ----------
    root : str
        The node's folder.
    run : str
        The run's folder.
    task : object
        The connection: ``say(content, hold=False, **facts)`` and ``stopped()``. Held messages are sent with the next.
    """

    def __init__(self, root: str, run: str, task: "Any") -> None:
        self._root, self._run, self._task = root, run, task
        self._pid: "Optional[int]" = None
        self._requests = Requests(os.path.join(run, layout.REQUESTS))
        self._last_sent = time.monotonic()

    def begin(self, order: job_order.JobOrder, facts: "Dict[str, Any]") -> "Dict[str, Any]":
        """Create the run's folder and start the run unless it has started. Return the daemon's answer."""
        if not os.path.isdir(self._run):
            lay_out(self._root, self._run, order, facts)
        answer = daemon.ask(
            self._root, facts["idle"], do="start", run=self._run, slots=facts["slots"], warm=facts["warm"]
        )
        self._pid = answer.get("pid")
        if "full" in answer:
            files.remove_tree(self._run)
        return answer

    def follow(self, offsets: "Dict[str, int]") -> None:
        """Report output and requests until the run's worker has ended."""
        pause = _QUICK
        with ProcessExit(self._pid) as worker:
            while not self._task.stopped():
                over, last_sent = self._has_ended(), self._last_sent
                self._send_growth(offsets)
                self._send_requests()
                if over:
                    return
                pause = _QUICK if self._last_sent > last_sent else min(1.5 * pause, _SLOW)
                if time.monotonic() - self._last_sent > timeouts.heartbeat_interval():
                    self._say(b"", alive=True)
                worker.wait(pause)

    def _has_ended(self) -> bool:
        """Return whether the worker has ended. A worker that has just started does not hold its lock yet."""
        if daemon.is_running(self._run):
            self._pid = None
            return False
        return self._pid is None or not daemon.lives(self._pid) or self._has(layout.RESULT)

    def _has(self, name: str) -> bool:
        return os.path.exists(os.path.join(self._run, name))

    def _say(self, content: bytes, **facts: "Any") -> None:
        self._task.say(content, **facts)
        self._last_sent = time.monotonic()

    def _send_growth(self, offsets: "Dict[str, int]") -> None:
        for name in layout.GROWING:
            offset = offsets.get(name, 0)
            try:
                file = files.open_regular(os.path.join(self._run, name))
            except OSError:  # it does not exist yet, or the script has replaced it
                continue
            with file:
                if os.fstat(file.fileno()).st_size <= offset:
                    continue
                file.seek(offset)
                content = file.read(_PIECE)
                while content and not self._task.stopped():
                    self._say(content, file=name, offset=offset)
                    offset += len(content)
                    content = file.read(_PIECE)
            offsets[name] = offset

    def _send_requests(self) -> None:
        for name in iter(self._requests.take, None):
            path = self._requests.file(name)
            try:
                with files.open_regular(path) as file:
                    content = file.read()
            except OSError:  # the script is not waiting for an answer
                continue
            artefact = _listed(self._run, _artefact(self._run, content))
            self._say(content, asked=os.path.basename(path), artefact=artefact)

    def end(self) -> "Dict[str, Any]":
        """Report the files that the run left. Small ones are sent with the report."""
        listed, left = self._left()
        self._task.say(b"", hold=True, ended=True, files=listed, left=left, began=self._has(layout.WORKER_LOCK))
        room = _MOST
        for name, facts in listed.items():
            if name not in layout.GROWING and facts["size"] <= min(_SMALL, room):
                with open(os.path.join(self._run, name), "rb") as file:
                    self._task.say(file.read(), hold=True, whole=name)
                room -= facts["size"]
        return {}

    def _left(self) -> "Tuple[Dict[str, Any], List[str]]":
        """Return the run's new or changed files, and the names of everything that is not a regular file."""
        manifest, inside = self._manifest(), layout.WORK + "/"
        listed, left = {}, []  # type: Dict[str, Any], List[str]
        for name, path in walk(self._run):
            if not stat.S_ISREG(os.lstat(path).st_mode):
                left.append(name)
                continue
            known = manifest.get(name[len(inside) :]) if name.startswith(inside) else None
            size = os.path.getsize(path)
            if known is not None and known["size"] == size and files.hash_path(path) == known["sha256"]:
                continue
            listed[name] = {"size": size, "sha256": files.hash_path(path)}
        return listed, left

    def _manifest(self) -> "Dict[str, Any]":
        try:
            tree = job_order.read_public(self._run).tree
            manifest: "Dict[str, Any]" = files.read_json(os.path.join(self._root, "snapshots", tree, "manifest.json"))
            return manifest
        except (OSError, ValueError, job_order.UnreadableError):
            return {}


def walk(run: str) -> "Iterator[Tuple[str, str]]":
    """Yield the relative name and the path of everything in a run's folder except the worker's own files."""
    for parent, folders, file_names in os.walk(run):
        ours = _OURS if parent == run else frozenset()
        names = [name for name in file_names if name not in ours and not (parent == run and _is_temporary(name))]
        folders[:] = [name for name in folders if name not in ours]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = sorted(name for name in folders if name not in links and name != "__pycache__")
        for name in sorted(names + links):
            path = os.path.join(parent, name)
            yield os.path.relpath(path, run), path


def _is_temporary(name: str) -> bool:
    """Return whether a file is a temporary one of the worker, left behind by a killed process."""
    return name.startswith(".") and name.endswith(".tmp")


def _artefact(run: str, request: bytes) -> "Optional[str]":
    """Return the path that a request names, or None if it is outside the run's working folder."""
    work = os.path.realpath(os.path.join(run, layout.WORK))
    try:
        path = os.path.realpath(os.path.join(work, json.loads(request.decode())["path"]))
    except (ValueError, KeyError, TypeError):
        return None
    return path if path.startswith(work + os.sep) else None


def _listed(run: str, path: "Optional[str]") -> "Dict[str, Any]":
    """Return size and hash of the regular files at a path, by name relative to the run's folder."""
    if path is None or not os.path.exists(path):
        return {}
    paths = [path] if os.path.isfile(path) else [file for _, file in walk(path)]
    regular = [file for file in paths if stat.S_ISREG(os.lstat(file).st_mode)]
    base = os.path.realpath(run)
    return {
        os.path.relpath(file, base): {"size": os.path.getsize(file), "sha256": files.hash_path(file)}
        for file in regular
    }


def follow(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Start a run if there is an order, and report it until it ends. Return the facts of the final message."""
    run = NodeRun(facts["root"], facts["run"], task)
    if facts.get("order") is not None:
        answer = run.begin(job_order.JobOrder.from_json(facts["order"]), facts)
        if "full" in answer:
            return {"full": answer["full"]}
        task.say(b"", begun=True)
    elif not os.path.isdir(facts["run"]):
        return {"gone": True}
    run.follow(dict(facts["offsets"]))
    return {} if task.stopped() else run.end()


def warm_up(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Start a prefork interpreter for similar runs, from a folder outside any run."""
    run = facts["run"]
    with new_run_folder(facts["root"], run, job_order.JobOrder.from_json(facts["order"]), facts):
        try:
            return daemon.ask(facts["root"], facts["idle"], do="warm", run=run)
        finally:
            files.remove_tree(run)
