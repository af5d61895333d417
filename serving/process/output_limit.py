"""Limits the size of ``logs/server.log``, the output of a server."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

_OUT = 1


def is_output(log: Path) -> bool:
    """Return whether the output of this process goes to the log file."""
    try:
        return os.path.samestat(os.fstat(_OUT), log.stat())
    except OSError:
        return False


def rotate(log: Path, largest: int) -> None:
    """Move the log to ``NAME.1``, replacing an earlier one, once it has more than `largest` bytes.

    The log is copied and truncated instead of renamed, because the server's processes, and those that a model starts,
    have it open and append to it. Output that goes elsewhere, such as to a terminal, is not limited.
    """
    with contextlib.suppress(OSError):  # the disk is full; the next call tries again
        if is_output(log) and os.fstat(_OUT).st_size > largest:
            _copy_log(log)
            os.ftruncate(_OUT, 0)


def _copy_log(log: Path) -> None:
    part = log.with_name(f".{log.name}.tmp")
    try:
        shutil.copyfile(log, part)
        part.replace(log.with_name(f"{log.name}.1"))
    finally:
        part.unlink(missing_ok=True)
