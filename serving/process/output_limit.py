"""Limits the size of what a server prints to ``logs/server.log``."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

_OUT = 1


def is_output(log: Path) -> bool:
    """Return whether what this process prints goes to a file."""
    try:
        return os.path.samestat(os.fstat(_OUT), log.stat())
    except OSError:
        return False


def put_aside(log: Path, largest: int) -> None:
    """Move what was printed to ``NAME.1``, in the place of an earlier one, once there is more than `largest` bytes.

    The log is copied and emptied, not renamed, because the server's processes, and those that a model starts, have it
    open and append to it. Output that goes elsewhere, such as to a terminal, is left alone.
    """
    with contextlib.suppress(OSError):  # a full disk: the next call tries again
        if is_output(log) and os.fstat(_OUT).st_size > largest:
            _copy_aside(log)
            os.ftruncate(_OUT, 0)


def _copy_aside(log: Path) -> None:
    part = log.with_name(f".{log.name}.tmp")
    try:
        shutil.copyfile(log, part)
        part.replace(log.with_name(f"{log.name}.1"))
    finally:
        part.unlink(missing_ok=True)
