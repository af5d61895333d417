"""Measures how slow this machine is at the moment, so that time limits can be multiplied by it."""

import os
import time

_ROUNDS = 200_000
_REFERENCE_SECONDS = 0.012  # for these rounds, on an idle core of 2024
_MOST = 20.0


def slowdown() -> float:
    """Return how many times longer work takes now than on the reference machine, at least 1.

    It is the larger of two measures: the wall-clock time of a fixed piece of work, and the number of runnable processes
    per core.
    """
    begun = time.perf_counter()
    total = 0
    for number in range(_ROUNDS):
        total += number
    measured = (time.perf_counter() - begun) / _REFERENCE_SECONDS
    waiting = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return min(_MOST, max(1.0, measured, waiting))
