"""Shows a sweep: a live table on a terminal, plain lines in a pipe, then a summary."""

from __future__ import annotations

import sys
import threading
import time

from runner.console.format import clean, show_duration
from runner.console.pipes import ignore_closed_output
from runner.layout import Layout
from runner.statuses import TERMINAL
from runner.sweeps.display.lines import TimeEstimate, best_line, trial_line
from runner.sweeps.display.summary import print_summary
from runner.sweeps.ports import Watcher
from runner.sweeps.ranking.facts import show_counts
from runner.sweeps.records import SweepRecord, TrialRecord

_PROGRESS = 10.0  # seconds between two lines of progress in a pipe


def make_watcher(layout: Layout) -> Watcher:
    """Return the display for standard output. Rich is imported only for a terminal."""
    if sys.stdout.isatty():
        from runner.sweeps.display.live import LiveWatcher

        return LiveWatcher(layout)
    return PlainWatcher(layout)


class PlainWatcher:
    """Prints a line when a trial ends, and a progress line from time to time."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._estimate = layout, TimeEstimate()
        self._guard = threading.Lock()  # so that lines of several threads do not mix
        self._last_line = time.monotonic()

    def begin(self, sweep: SweepRecord) -> None:
        """Name the sweep."""
        self._estimate.begin(sweep)
        self._last_line = time.monotonic()
        known = f"{sweep.total} trials" if sweep.total is not None else "trials"
        self._print(f"Sweep {sweep.id}: {known}, {sweep.slots} at a time")

    def changed(self, sweep: SweepRecord, trial: TrialRecord) -> None:
        """Print a trial that has ended."""
        if trial.status not in TERMINAL:
            return
        self._print(trial_line(sweep, trial))
        if time.monotonic() - self._last_line >= _PROGRESS:
            self._last_line = time.monotonic()
            self._print(self._progress(sweep))

    def say(self, line: str) -> None:
        """Print a line of detail."""
        self._print(f"  {clean(line)}")

    def end(self, sweep: SweepRecord) -> None:
        """Print the summary."""
        with self._guard, ignore_closed_output():
            print_summary(self._layout, sweep)
            sys.stdout.flush()

    def _progress(self, sweep: SweepRecord) -> str:
        left = self._estimate.left(sweep)
        parts = [show_counts(sweep), best_line(sweep), f"about {show_duration(left)} left" if left else ""]
        return "; ".join(part for part in parts if part)

    def _print(self, line: str) -> None:
        with self._guard, ignore_closed_output():
            print(line, flush=True)
