"""Tells the process that started this one which run or sweep it has begun.

The starter passes the descriptor of a pipe in ``VIVERO_ANNOUNCE``. The folder of the first run or sweep is written to
it, and it is closed: its end without a line means that nothing was begun.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

VARIABLE = "VIVERO_ANNOUNCE"
_waiting: list[int] = []


def take() -> None:
    """Take the descriptor from the environment, so that no process that is started here inherits it."""
    with contextlib.suppress(KeyError, ValueError, OSError):
        descriptor = int(os.environ.pop(VARIABLE))
        os.set_inheritable(descriptor, False)
        _waiting.append(descriptor)


def announce(folder: Path) -> None:
    """Tell which folder a run or sweep has, if somebody waits for the first one."""
    while _waiting:
        descriptor = _waiting.pop()
        with contextlib.suppress(OSError):  # nobody reads it any more
            os.write(descriptor, os.fsencode(folder) + b"\n")
            os.close(descriptor)
