"""Handles standard streams that are closed or whose reader leaves (``| head``): the run goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def open_streams() -> None:
    """Let standard streams that were closed (``>&-``) lead nowhere, or files of ours would get their numbers."""
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
def reader_may_leave() -> Iterator[None]:
    """Let what is printed from now on go nowhere when nobody reads it any more."""
    try:
        yield
    except BrokenPipeError:
        print_nowhere()


def print_nowhere() -> None:
    """Let standard output lead nowhere: Python would complain once more when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def output_is_lost() -> bool:
    """Tell whether what was printed cannot be written, on a full disk for example; it is then given up."""
    try:
        sys.stdout.flush()
    except OSError:
        print_nowhere()
        return True
    return False
