"""Stops, lists and cleans up runs on a node, on request of the controller."""

import os
import signal
import time

from .. import files, locks
from ..run import processes
from . import daemon
from .run_folder import FILLING, clear_abandoned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

_ENDS = 20.0  # seconds that a worker gets after the second signal
_TICK = 0.02
_APART = 0.05  # seconds between two signals, so that they are counted as two
_KEPT = ("environments", "snapshots", "worker", "runner", "data", "bin", "cache", "engines", "asked")
_ABANDONED = 3600.0  # seconds after which temporary folders count as leftovers


def cancel(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Ask a run to end, or with ``kill`` end it immediately."""
    run = facts["run"]
    if not os.path.isdir(run):
        return {"there": False}
    mark = os.path.join(run, "cancel.json")
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
    attendant = os.path.join(run, "attendant.lock")
    try:
        if locks.is_locked(attendant):
            with open(attendant) as file:
                return int(file.read())
        if locks.is_locked(os.path.join(run, "worker.lock")):
            return int(files.read_json(os.path.join(run, "process.json"))["pid"])
    except (OSError, ValueError, KeyError):
        pass
    return None


def end(run: str) -> None:
    """End a run, killing whatever does not end by itself."""
    until = time.monotonic() + _ENDS
    told = 0.0
    while daemon.goes_on(run):
        pid = _worker(run)
        if pid is not None and time.monotonic() > until:
            processes.send(pid, signal.SIGKILL)  # the kernel then ends the script
        elif pid is not None and time.monotonic() - told > 1:
            processes.send(pid, signal.SIGTERM)
            told = time.monotonic()
        time.sleep(_TICK)


def end_run(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """End a run if it is still going."""
    if daemon.goes_on(facts["run"]):
        files.write_json(os.path.join(facts["run"], "cancel.json"), {"by": "its controller"}, durable=False)
        end(facts["run"])
    return {}


def forget(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """End running ones of the given runs, and remove all of them."""
    for run in facts["runs"]:
        if os.path.isdir(run):
            end_run(task, {"run": run})
            files.remove_tree(run)
    return {}


def state(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the state of the node: its runs, whether a keeper is running, and the bytes stored."""
    root = facts["root"]
    answer = daemon.asked(root, do="state")
    return {
        "keeper": answer.get("pid") if answer else None,
        "running": [os.path.basename(run) for run in daemon.held(root)],
        "runs": _names(os.path.join(root, "runs")),
        "kept": {name: _size(os.path.join(root, name)) for name in _KEPT} if facts.get("sizes") else {},
    }


def clean(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Remove abandoned runs and, with `everything`, the caches."""
    root, freed = facts["root"], 0
    ended: "List[str]" = []
    for name in facts["runs"]:
        run = os.path.join(root, "runs", name)
        if daemon.goes_on(run):
            ended.append(name)
        freed += _size(run)
        forget(task, {"runs": [run]})
    clear_abandoned(root)
    running = daemon.held(root)
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
    """End the runs of a node and its keeper."""
    root = facts["root"]
    running = daemon.held(root)
    for run in running if facts["runs"] else ():
        cancel(task, {"run": run, "mark": {"format": 1, "by": "vivero nodes stop", "reason": None}})
        end(run)
    answer = daemon.asked(root, do="stop")
    return {"ended": [os.path.basename(run) for run in running if facts["runs"]], "keeper": answer is not None}


def _names(folder: str) -> "List[str]":
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _size(path: str) -> int:
    """Return the bytes on disk of all that is below a path, each file once."""
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
