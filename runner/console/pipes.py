"""Handles standard streams that are closed or whose reader leaves (``| head``), without ending the run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def open_streams() -> None:
    """Open closed standard streams (``>&-``) on the null device, so that no other file gets their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


@contextmanager
def ignore_closed_output() -> Iterator[None]:
    """Discard further output once the reader has left."""
    try:
        yield
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Send standard output to the null device, because Python would complain again when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def output_failed() -> bool:
    """Return whether output could not be written, for example on a full disk, and discard it if so."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()
        return True
    return False
