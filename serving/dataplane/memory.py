"""Limits the memory of a block of code, on Linux."""

from __future__ import annotations

import contextlib
import re
import resource
from collections.abc import Iterator
from pathlib import Path

_STATUS = Path("/proc/self/status")
_DATA = re.compile(r"^VmData:\s*(\d+) kB$", re.MULTILINE)


@contextlib.contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let the block allocate at most `size` bytes. Beyond that it raises MemoryError."""
    match = _DATA.search(_STATUS.read_text()) if _STATUS.exists() else None
    if match is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [int(match[1]) * 1024 + size, *(limit for limit in before if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
