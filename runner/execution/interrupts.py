"""Counts Ctrl-C instead of raising it, because an exception between two related steps would lose a trial."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def counted(count: Callable[[], None]) -> Iterator[None]:
    """Call `count` for each Ctrl-C while the block runs, unless Ctrl-C is ignored, as it is in the background.

    Has no effect outside the main thread, which is the only one to get signals.
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
