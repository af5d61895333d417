"""Waiting for what happens in another process."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.pace import slowdown

T = TypeVar("T")


def wait_for(condition: Callable[..., T], seconds: float = 10.0, pause: float = 0.01) -> T:
    """Return the first true value of a condition.

    Parameters
    ----------
    condition : Callable
        Called without arguments; a lambda in a loop may bind the loop's names as its defaults.
    seconds : float
        How long it may take on an idle machine. A busy one gets more: see `slowdown`.
    pause : float
        Seconds between two looks; more where a look is a command.

    Raises
    ------
    AssertionError
        If there is none in time.
    """
    begun = time.monotonic()
    never = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        waited = time.monotonic() - begun
        assert waited < seconds or waited < seconds * slowdown(), f"nothing happened within {waited:.1f} s"
        never.wait(pause)
