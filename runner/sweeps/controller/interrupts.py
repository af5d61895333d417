"""Counts Ctrl-C instead of raising it: between two steps that belong together, an exception would lose a trial."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def counted(count: Callable[[], None]) -> Iterator[None]:
    """Call `count` for each Ctrl-C while the block runs, unless Ctrl-C is ignored, as it is in the background.

    Only a program's main thread gets signals; in others this changes nothing.
    """
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: count())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
