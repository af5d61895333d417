"""Measures how slow this machine is at the moment, so that time limits can be multiplied by it."""

import argparse
import inspect
import os
import time

_REFERENCE_SECONDS = 0.012  # to compile that source, on an idle core of 2024
_MOST = 20.0


def slowdown() -> float:
    """Return how many times longer work takes now than on the reference machine, at least 1.

    It is the larger of two measures: the wall-clock time of a fixed piece of work, and the number of runnable processes
    per core. The work is to compile a module, which needs the memory as much as the tests do: an empty loop stays in
    the core's own caches, and is as quick on a machine that imports scikit-learn at half the speed.
    """
    source = inspect.getsource(argparse)
    begun = time.perf_counter()
    compile(source, "argparse.py", "exec")
    measured = (time.perf_counter() - begun) / _REFERENCE_SECONDS
    waiting = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return min(_MOST, max(1.0, measured, waiting))
