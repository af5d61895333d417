"""Samples the resources of the script and the processes it started, into ``resources.jsonl``.

A line is ``{"time", "cpu", "memory", "processes"}``: an ISO 8601 time, the average number of cores used since the
previous line, the resident bytes of all processes (shared pages count once per process), and the number of processes.
The values come from ``/proc/PID/stat`` (proc(5)). Without it, as on other systems than Linux, nothing is sampled.

For the first ten minutes there is a line a second. Then lines become rarer as the run gets older, so that a run of a
month has a few thousand.
"""

import os
import time

from .. import files
from ..layout import RESOURCES
from ..run import processes
from .metrics import write_line
from .observers import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional, Tuple

INTERVAL = 1.0  # seconds between two lines at first
_DENSE = 600.0  # seconds during which there is a line every INTERVAL
_TICKS, _PAGE = (os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")) if os.path.exists("/proc/self/stat") else (1, 1)


class ResourceObserver(Observer):
    """Writes a line when one is due.

    Parameters
    ----------
    run_dir : str
        The run's folder.
    spared : callable
        Returns the pids of the worker's own helpers, which are not counted.
    """

    what = "processor and memory use"

    def __init__(self, run_dir: str, spared: "Callable[[], List[int]]") -> None:
        self._path = os.path.join(run_dir, RESOURCES)
        self._spared = spared
        self._began = self._last = time.monotonic()
        self._used = 0.0

    def _step(self) -> None:
        now = time.monotonic()
        if now - self._last < INTERVAL * max(1.0, (now - self._began) / _DENSE):
            return
        pids = processes.descendants(self._spared())
        if not pids:
            return
        usages = [usage for usage in map(_usage, pids) if usage is not None]
        used = _seconds_of_ended() + sum(seconds for seconds, _ in usages)
        cores = max(0.0, used - self._used) / (now - self._last)
        self._used, self._last = used, now
        line = {"time": files.now(), "cpu": round(cores, 3), "memory": sum(size for _, size in usages)}
        write_line(self._path, dict(line, processes=len(usages)))


def _seconds_of_ended() -> float:
    """Return the processor seconds of the child processes that this process has waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _usage(pid: int) -> "Optional[Tuple[float, int]]":
    """Return a process's processor seconds, including waited-for children, and its resident bytes."""
    try:
        with open("/proc/{}/stat".format(pid), "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:  # it has ended
        return None
    return sum(map(int, fields[11:15])) / _TICKS, int(fields[21]) * _PAGE
