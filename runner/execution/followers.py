"""Tells whether a process follows a run, by the locks of its controller, its worker and its supervisor."""

from __future__ import annotations

from runner.io.files import is_locked
from runner.layout import RunLayout


def worker_lives(run: RunLayout) -> bool:
    """Return whether the run's worker is alive."""
    return is_locked(run.worker_lock) or is_locked(run.attendant_lock)


def is_followed(run: RunLayout) -> bool:
    """Return whether a controller or worker will finish the record of a run that has not ended."""
    return is_locked(run.controller_lock) or worker_lives(run)
