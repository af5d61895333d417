"""Whether the kernel has ended a process of this one's control group because memory ran out.

Version 2 counts in ``memory.events``, version 1 in ``memory.oom_control`` (docs.kernel.org/admin-guide/cgroup-v2.html,
.../cgroup-v1/memory.html), under any limit, also the machine's own. A container may see its group under its path on
the machine, or as the root.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional

_ROOT = "/sys/fs/cgroup"


def kills(table: str = "/proc/self/cgroup", root: str = _ROOT) -> "Optional[int]":
    """Return how many there have been, None where nobody counts."""
    for path in _counters(table, root):
        try:
            with open(path) as file:
                lines = [line.split() for line in file]
        except OSError:
            continue
        for line in lines:
            if len(line) == 2 and line[0] == "oom_kill":
                return int(line[1])
    return None


def _counters(table: str, root: str) -> "Iterator[str]":
    try:
        with open(table) as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return
    for _, controllers, path in lines:
        below = [path.lstrip("/"), ""]
        if controllers == "":
            for one in below:
                yield os.path.join(root, one, "memory.events")
        elif "memory" in controllers.split(","):
            for one in below:
                yield os.path.join(root, "memory", one, "memory.oom_control")
