"""How slow this machine is right now, so that limits of time can be multiples of it."""

import os
import time

_ROUNDS = 200_000
_REFERENCE_SECONDS = 0.012  # for these rounds, on a core of 2024 that nobody else uses
_MOST = 20.0


def slowdown() -> float:
    """Return by which factor work takes longer here and now than on the reference, at least 1.

    It is the larger one of two measures: a fixed piece of work timed by the wall clock, and the processes that want a
    core for each core there is.
    """
    begun = time.perf_counter()
    total = 0
    for number in range(_ROUNDS):
        total += number
    measured = (time.perf_counter() - begun) / _REFERENCE_SECONDS
    waiting = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return min(_MOST, max(1.0, measured, waiting))
