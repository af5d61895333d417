"""Waiting for what happens in another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """Return the first true value of a condition; fail when there is none in time."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"nothing happened within {seconds} s"
        pause.wait(0.01)
