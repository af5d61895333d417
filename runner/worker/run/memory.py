"""Detects whether the kernel killed a process of this control group because memory ran out.

Version 2 counts in ``memory.events``, version 1 in ``memory.oom_control`` (docs.kernel.org/admin-guide/cgroup-v2.html,
.../cgroup-v1/memory.html), under any limit, also the machine's own. A container may see its group under its path on
the machine, or as the root.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional

_ROOT = "/sys/fs/cgroup"


class Counter:
    """Counts from its creation."""

    def __init__(self, table: str = "/proc/self/cgroup", root: str = _ROOT) -> None:
        self._path: "Optional[str]" = None
        self._before = None  # type: Optional[int]
        for path in _counters(table, root):
            self._before = kill_count(path)
            if self._before is not None:
                self._path = path
                return

    def ran_out(self) -> "Optional[bool]":
        """Return whether a process was killed since then, None if unknown."""
        now = None if self._path is None else kill_count(self._path)
        return None if now is None or self._before is None else now > self._before


def kill_count(path: str) -> "Optional[int]":
    """Return the number of killed processes in a file, None if it does not count them."""
    try:
        with open(path) as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    return next((int(line[1]) for line in lines if len(line) == 2 and line[0] == "oom_kill"), None)


def _counters(table: str, root: str) -> "Iterator[str]":
    try:
        with open(table) as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return
    for _, controllers, path in lines:
        below = [path.lstrip("/"), ""]
        if controllers == "":
            for group in below:
                yield os.path.join(root, group, "memory.events")
        elif "memory" in controllers.split(","):
            for group in below:
                yield os.path.join(root, "memory", group, "memory.oom_control")
