"""Divides the cores of a machine among concurrent runs."""

from __future__ import annotations

import os

_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def usable_cores() -> int:
    """Return the number of cores this process may use: fewer than the machine has under ``taskset`` or in a cpuset."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_share(cores: int, runs: int) -> dict[str, str]:
    """Return the environment variables that limit each of several concurrent runs to its share of the cores."""
    return dict.fromkeys(_LIMITS, str(max(1, cores // max(1, runs))))
