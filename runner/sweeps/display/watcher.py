"""What a person sees of a sweep: a live table on a terminal, plain lines in a pipe, then a summary."""

from __future__ import annotations

import sys
import threading
import time

from runner.console.format import clean, show_duration
from runner.console.pipes import reader_may_leave
from runner.layout import Layout
from runner.statuses import FAILED, TERMINAL
from runner.sweeps.display.summary import print_summary
from runner.sweeps.ports import Watcher
from runner.sweeps.ranking.facts import best_of, show_counts, show_parameters, show_values, status_of
from runner.sweeps.records import SweepRecord, TrialRecord

_PROGRESS = 10.0  # seconds between two lines of progress in a pipe


def make_watcher(layout: Layout) -> Watcher:
    """Return what shows a sweep where standard output goes. Rich is imported only for a terminal."""
    if sys.stdout.isatty():
        from runner.sweeps.display.live import LiveWatcher

        return LiveWatcher(layout)
    return PlainWatcher(layout)


class Pace:
    """How fast trials end, and how long it takes until the last one has."""

    def __init__(self) -> None:
        self._begun, self._before = time.monotonic(), 0

    def begin(self, sweep: SweepRecord) -> None:
        """Count from now; trials of an earlier try took no time of this one."""
        self._begun, self._before = time.monotonic(), _ended(sweep)

    def elapsed(self) -> float:
        """Return the seconds since the begin."""
        return time.monotonic() - self._begun

    def left(self, sweep: SweepRecord) -> float | None:
        """Return about how many seconds are left, None where nothing tells."""
        ended = _ended(sweep)
        if sweep.total is None or ended <= self._before:
            return None
        return self.elapsed() / (ended - self._before) * max(0, sweep.total - ended)


def _ended(sweep: SweepRecord) -> int:
    return sum(trial.status in TERMINAL for trial in sweep.trials)


def trial_line(sweep: SweepRecord, trial: TrialRecord) -> str:
    """Return what is to be said when a trial has ended."""
    parts = [f"trial {trial.number}", trial.run, status_of(trial), show_parameters(trial), show_values(sweep, trial)]
    reason = f": {trial.reason}" if trial.reason and trial.status == FAILED else ""
    return clean("  ".join(part for part in parts if part) + reason)


def best_line(sweep: SweepRecord) -> str:
    """Return the best so far in a few words, empty where nothing is."""
    best = best_of(sweep)
    if not best:
        return ""
    more = f" and {len(best) - 1} more on the front" if len(best) > 1 else ""
    values, tried = show_values(sweep, best[0]), show_parameters(best[0])
    return clean(f"best {values} (trial {best[0].number}{more}) {tried}".rstrip())


class PlainWatcher:
    """Prints a line when a trial ends, and now and then one of progress."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._pace = layout, Pace()
        self._guard = threading.Lock()  # lines of several threads do not mix
        self._told = time.monotonic()

    def begin(self, sweep: SweepRecord) -> None:
        """Name the sweep."""
        self._pace.begin(sweep)
        self._told = time.monotonic()
        known = f"{sweep.total} trials" if sweep.total is not None else "trials"
        self._print(f"Sweep {sweep.id}: {known}, {sweep.slots} at a time")

    def changed(self, sweep: SweepRecord, trial: TrialRecord) -> None:
        """Print a trial that has ended."""
        if trial.status not in TERMINAL:
            return
        self._print(trial_line(sweep, trial))
        if time.monotonic() - self._told >= _PROGRESS:
            self._told = time.monotonic()
            self._print(self._progress(sweep))

    def say(self, line: str) -> None:
        """Print a line of detail."""
        self._print(f"  {clean(line)}")

    def end(self, sweep: SweepRecord) -> None:
        """Print the summary."""
        with self._guard, reader_may_leave():
            print_summary(self._layout, sweep)
            sys.stdout.flush()

    def _progress(self, sweep: SweepRecord) -> str:
        left = self._pace.left(sweep)
        parts = [show_counts(sweep), best_line(sweep), f"about {show_duration(left)} left" if left else ""]
        return "; ".join(part for part in parts if part)

    def _print(self, line: str) -> None:
        with self._guard, reader_may_leave():
            print(line, flush=True)
