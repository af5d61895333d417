"""What Ctrl-C and SIGTERM do: both cancel. SIGTERM is what `timeout`, systemd and CI systems send."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


def cancel_on_sigterm() -> None:
    """Treat SIGTERM as Ctrl-C in this process, unless it is ignored."""
    if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def counted(count: Callable[[], None]) -> Iterator[None]:
    """Call `count` for each signal that would raise `KeyboardInterrupt` while the block runs.

    An exception between two related steps would lose a trial. Has no effect outside the main thread, which is the only
    one to get signals, and on a signal that is ignored, as Ctrl-C is in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    raising = {number: handler for number, handler in before.items() if handler == signal.default_int_handler}
    for number in raising:
        signal.signal(number, lambda _number, _frame: count())
    try:
        yield
    finally:
        for number, handler in raising.items():
            signal.signal(number, handler)
