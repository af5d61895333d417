"""Stops, lists and cleans up runs on a node, on request of the controller."""

import os
import signal
import time

from .. import files, layout, locks
from ..run import processes
from . import daemon
from .run_folder import FILLING, clear_abandoned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

_ENDS = 20.0  # seconds that a run gets to end before its worker is killed
_TICK = 0.02
_APART = 0.05  # seconds between two signals, so that they are counted as two
_KEPT = ("environments", "snapshots", "worker", "runner", "data", "bin", "cache", "engines", "asked")
_ABANDONED = 3600.0  # seconds after which temporary folders count as leftovers


def cancel(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Ask a run to end. With ``kill``, end it immediately."""
    run = facts["run"]
    if not os.path.isdir(run):
        return {"there": False}
    mark = os.path.join(run, layout.CANCEL)
    if not os.path.exists(mark):
        files.write_json(mark, facts["mark"], durable=False)
    pid = _worker(run)
    if pid is not None:
        processes.send(pid, signal.SIGTERM)
        if facts.get("kill"):  # the second signal ends it immediately
            time.sleep(_APART)
            processes.send(pid, signal.SIGTERM)
    return {"there": True, "pid": pid}


def _worker(run: str) -> "Optional[int]":
    """Return the pid of a run's living worker, or of its container's supervisor."""
    supervisor_lock = os.path.join(run, layout.ATTENDANT_LOCK)
    try:
        if locks.is_locked(supervisor_lock):
            with open(supervisor_lock) as file:
                return int(file.read())
        if locks.is_locked(os.path.join(run, layout.WORKER_LOCK)):
            return int(files.read_json(os.path.join(run, layout.PROCESS))["pid"])
    except (OSError, ValueError, KeyError):
        pass
    return None


def end(run: str) -> None:
    """End a run. A worker that does not end in time is killed."""
    until = time.monotonic() + _ENDS
    reported = 0.0
    while daemon.is_running(run):
        pid = _worker(run)
        if pid is not None and time.monotonic() > until:
            processes.send(pid, signal.SIGKILL)  # the kernel then ends the script
        elif pid is not None and time.monotonic() - reported > 1:
            processes.send(pid, signal.SIGTERM)
            reported = time.monotonic()
        time.sleep(_TICK)


def end_run(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """End a run if it is still going."""
    if daemon.is_running(facts["run"]):
        files.write_json(os.path.join(facts["run"], layout.CANCEL), {"by": "its controller"}, durable=False)
        end(facts["run"])
    return {}


def forget(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """End those of the given runs that are running, and remove all of them."""
    for run in facts["runs"]:
        if os.path.isdir(run):
            end_run(task, {"run": run})
            files.remove_tree(run)
    return {}


def state(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the state of the node: its runs, the daemon's pid if one is running, and the sizes of its caches."""
    root = facts["root"]
    answer = daemon.ask_if_running(root, do="state")
    return {
        "daemon": answer.get("pid") if answer else None,
        "running": [os.path.basename(run) for run in daemon.running_jobs(root)],
        "runs": _names(os.path.join(root, "runs")),
        "kept": {name: _size(os.path.join(root, name)) for name in _KEPT} if facts.get("sizes") else {},
    }


def clean(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Remove the given runs and temporary leftovers and, with ``all``, the caches unless runs are active."""
    root, freed = facts["root"], 0
    ended: "List[str]" = []
    for name in facts["runs"]:
        run = os.path.join(root, "runs", name)
        if daemon.is_running(run):
            ended.append(name)
        freed += _size(run)
        forget(task, {"runs": [run]})
    clear_abandoned(root)
    running = daemon.running_jobs(root)
    for name in _KEPT if facts["all"] and not running else ():
        freed += _size(os.path.join(root, name))
        files.remove_tree(os.path.join(root, name))
    for folder in ("runs", FILLING, *_KEPT):
        for name in _names(os.path.join(root, folder)):
            path = os.path.join(root, folder, name)
            if ".part" in name and time.time() - os.lstat(path).st_mtime > _ABANDONED:
                freed += _size(path)
                files.remove_tree(path)
    return {"freed": freed, "ended": ended, "running": [os.path.basename(run) for run in running]}


def stop(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """End the node's runs and its daemon."""
    root = facts["root"]
    running = daemon.running_jobs(root)
    for run in running if facts["runs"] else ():
        cancel(task, {"run": run, "mark": {"format": 1, "by": "vivero nodes stop", "reason": None}})
        end(run)
    answer = daemon.ask_if_running(root, do="stop")
    return {"ended": [os.path.basename(run) for run in running if facts["runs"]], "daemon": answer is not None}


def _names(folder: str) -> "List[str]":
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _size(path: str) -> int:
    """Return the bytes on disk below a path, counting hard-linked files once."""
    seen, total = set(), 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                facts = os.lstat(os.path.join(parent, name))
            except OSError:
                continue
            if facts.st_ino not in seen:
                seen.add(facts.st_ino)
                total += facts.st_blocks * 512
    return total
