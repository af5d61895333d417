"""Text shared by all displays: a trial's line, the best so far, the time left."""

from __future__ import annotations

import time

from runner.console.format import clean
from runner.statuses import FAILED, TERMINAL
from runner.sweeps.ranking.facts import best_of, show_parameters, show_values, status_of
from runner.sweeps.records import SweepRecord, TrialRecord


class TimeEstimate:
    """Estimates the remaining time from the rate at which trials end."""

    def __init__(self) -> None:
        self._begun, self._before = time.monotonic(), 0

    def begin(self, sweep: SweepRecord) -> None:
        """Start the clock. Trials from before a resume do not count."""
        self._begun, self._before = time.monotonic(), _ended(sweep)

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._begun

    def left(self, sweep: SweepRecord) -> float | None:
        """Return the estimated seconds left, or None if the total is unknown or no trial has ended yet."""
        ended = _ended(sweep)
        if sweep.total is None or ended <= self._before:
            return None
        return self.elapsed() / (ended - self._before) * max(0, sweep.total - ended)


def _ended(sweep: SweepRecord) -> int:
    return sum(trial.status in TERMINAL for trial in sweep.trials)


def trial_line(sweep: SweepRecord, trial: TrialRecord) -> str:
    """Return the line for a trial that has ended."""
    parts = [f"trial {trial.number}", trial.run, status_of(trial), show_parameters(trial), show_values(sweep, trial)]
    reason = f": {trial.reason}" if trial.reason and trial.status == FAILED else ""
    return clean("  ".join(part for part in parts if part) + reason)


def best_line(sweep: SweepRecord) -> str:
    """Return the line for the best trial so far, or an empty text."""
    best = best_of(sweep)
    if not best:
        return ""
    more = f" and {len(best) - 1} more on the front" if len(best) > 1 else ""
    values, tried = show_values(sweep, best[0]), show_parameters(best[0])
    return clean(f"best {values} (trial {best[0].number}{more}) {tried}".rstrip())
