"""A sweep on a terminal: permanent lines above a table that is updated in place."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.console.format import clean, show_duration, show_value
from runner.errors import UserError
from runner.execution.metrics import numbers_of
from runner.io.clock import now, seconds_between
from runner.io.json_records import LARGEST_LINES, check_line, open_regular
from runner.layout import Layout, RunLayout
from runner.records import MetricLine
from runner.statuses import COMPLETED, FAILED, TERMINAL
from runner.store.runs import locate
from runner.sweeps.display.lines import TimeEstimate, best_line, trial_line
from runner.sweeps.display.summary import print_summary
from runner.sweeps.ranking.facts import STOPPED, show_counts, show_parameters, show_values, status_of
from runner.sweeps.records import SweepRecord, TrialRecord

_REFRESH = 4  # times a second
_RUNNING, _ENDED = 8, 5  # rows at most
_HEAD = 8  # lines that are not rows
_TAIL = 1 << 16  # bytes read from the end of a metrics file
_COLOURS = {COMPLETED: "green", FAILED: "red", STOPPED: "yellow", "canceled": "yellow"}


class LiveWatcher:
    """Draws the sweep in place until it ends, and clears the drawing before the summary."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._estimate = layout, TimeEstimate()
        self._console = Console(highlight=False)
        self._guard = threading.Lock()
        self._sweep: SweepRecord | None = None
        self._ended: list[TrialRecord] = []  # newest first
        self._live = Live(
            console=self._console, refresh_per_second=_REFRESH, transient=True, get_renderable=self._render
        )

    def begin(self, sweep: SweepRecord) -> None:
        """Start drawing."""
        self._estimate.begin(sweep)
        self._sweep = sweep
        self._console.print(Text(f"Sweep {sweep.id}", style="bold"))
        atexit.register(self._live.stop)  # restore the cursor however the process ends
        self._live.start()

    def changed(self, sweep: SweepRecord, trial: TrialRecord) -> None:
        """Mark the trial for the next redraw. A failure is also printed permanently."""
        with self._guard:
            self._sweep = sweep
            if trial.status in TERMINAL:
                self._ended = [trial, *self._ended[: _ENDED - 1]]
        if trial.status == FAILED:
            self._console.print(Text(trial_line(sweep, trial), style="red"))

    def say(self, line: str) -> None:
        """Print a line above the drawing."""
        self._console.print(Text(f"  {clean(line)}", style="dim"))

    def end(self, sweep: SweepRecord) -> None:
        """Clear the drawing and print the summary."""
        with self._guard:
            self._sweep = sweep
        self._live.stop()
        atexit.unregister(self._live.stop)
        print_summary(self._layout, sweep)

    def _render(self) -> Any:
        with self._guard:
            sweep, ended = self._sweep, list(self._ended)
        if sweep is None:
            return Text("")
        running = [trial for trial in sweep.trials if trial.status not in TERMINAL]
        room = max(2, self._console.height - _HEAD)
        shown = max(1, min(_RUNNING, len(running), room - min(_ENDED, room // 3)))
        parts: list[Any] = [*self._head(sweep), self._running(sweep, running, shown)]
        recent = ended[: max(0, room - shown)]
        if recent:
            parts.append(_recent(sweep, recent))
        return Group(*parts)

    def _head(self, sweep: SweepRecord) -> list[Any]:
        left = self._estimate.left(sweep)
        times = f"{show_duration(self._estimate.elapsed())} elapsed" + (
            f", about {show_duration(left)} left" if left else ""
        )
        lines: list[Any] = [Text(f"{show_counts(sweep)}  ({times})", overflow="ellipsis", no_wrap=True)]
        if sweep.total:
            ended = sum(trial.status in TERMINAL for trial in sweep.trials)
            bar = Table.grid()  # a bar does not end its line by itself
            bar.add_row(ProgressBar(total=sweep.total, completed=ended, width=min(60, self._console.width)))
            lines.insert(0, bar)
        best = best_line(sweep)
        if best:
            lines.append(Text(best, style="bold green", overflow="ellipsis", no_wrap=True))
        return lines

    def _running(self, sweep: SweepRecord, running: list[TrialRecord], shown: int) -> Any:
        metric = sweep.objectives[0].metric if sweep.objectives else None
        table = _table("RUNNING", "TIME", clean(metric) if metric else "", "PARAMETERS")
        for trial in running[:shown]:
            run = locate(self._layout, trial.run) if metric else None
            value = latest_value(run, metric) if run is not None and metric else None
            time = show_duration(seconds_between(trial.started, now())) if trial.started else ""
            row = (f"{trial.number}", time, "" if value is None else show_value(value), show_parameters(trial))
            table.add_row(*_row(row))
        if len(running) > shown:
            table.add_row("", "", "", Text(f"and {len(running) - shown} more", style="dim"))
        return table


def _table(*headers: str) -> Table:
    """Return a table whose last column shrinks on a narrow terminal."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for header in headers:
        table.add_column(header, no_wrap=header != headers[-1])
    return table


def _row(texts: Iterable[str]) -> list[Text]:
    cells = (clean(text) for text in texts)
    return [Text(text, style=_COLOURS.get(text, ""), no_wrap=True, overflow="ellipsis") for text in cells]


def _recent(sweep: SweepRecord, trials: list[TrialRecord]) -> Table:
    table = _table("ENDED", "STATUS", "RESULT", "PARAMETERS")
    for trial in trials:
        status = status_of(trial)
        row = (f"{trial.number}", status, show_values(sweep, trial), show_parameters(trial))
        table.add_row(*_row(row))
    return table


def latest_value(run: RunLayout, metric: str) -> float | None:
    """Return the last logged value of a metric, read from the end of the file, which can be long."""
    for line in reversed(_last_lines(run.metrics)):
        parsed = check_line(line, MetricLine)
        if not isinstance(parsed, dict):  # an incomplete line
            continue
        values = numbers_of(parsed) if parsed["name"] == metric else []
        if values:
            return values[-1]
    return None


def _last_lines(path: Path) -> list[bytes]:
    try:
        with open_regular(path, LARGEST_LINES) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read(_TAIL).splitlines()
    except (UserError, OSError):
        return []
