"""The end of a log, however large the log is."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def last_lines(path: Path, largest: int) -> str:
    """Return the last whole lines of a regular file, at most so many bytes; nothing if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # no file, or a link
        return ""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return ""
    with os.fdopen(descriptor, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - largest))
        content = file.read(largest)
    if size > largest:
        content = content.partition(b"\n")[2]
    return content.decode("utf-8", "replace")
