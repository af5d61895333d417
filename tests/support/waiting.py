"""Waits for events in other processes."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.suite.pace import slowdown

T = TypeVar("T")


def wait_for(condition: Callable[..., T], seconds: float = 10.0, pause: float = 0.01) -> T:
    """Return the first true value of a condition.

    Parameters
    ----------
    condition : callable
        Called without arguments. A lambda in a loop may bind the loop's variables as defaults.
    seconds : float
        The limit on an idle machine. A busy one gets more, see `slowdown`.
    pause : float
        Seconds between two calls. Use more if a call is expensive, such as a command.

    Raises
    ------
    AssertionError
        If the condition is not true in time.
    """
    begun = time.monotonic()
    never = threading.Event()
    while True:
        result = condition()
        if result:
            return result
        waited = time.monotonic() - begun
        assert waited < seconds or waited < seconds * slowdown(), f"nothing happened within {waited:.1f} s"
        never.wait(pause)
