"""Tells the process that started this one which run or sweep it has begun.

The starter passes the descriptor of a pipe in ``VIVERO_ANNOUNCE``. The folder of the first run or sweep is written to
the pipe, which is then closed. If the pipe ends without a line, nothing was started.
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
    """Write the folder of a run or sweep to the pipe. Has no effect without a pipe, or after the first call."""
    while _waiting:
        descriptor = _waiting.pop()
        with contextlib.suppress(OSError):  # nobody reads it any more
            os.write(descriptor, os.fsencode(folder) + b"\n")
            os.close(descriptor)
