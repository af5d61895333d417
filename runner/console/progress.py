"""Shows the phases of a run and then a summary, with rich on a terminal and as plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from runner.console.format import clean, show_value
from runner.console.pipes import ignore_closed_output
from runner.io.clock import seconds_between
from runner.layout import RunLayout
from runner.records import RunRecord
from runner.statuses import COMPLETED, TERMINAL
from runner.workspaces import option_for

_FOLD = "fold_"  # metrics of a declared training that have a value for each fold, of which the last says little
_METRICS_SHOWN = 12


class Progress:
    """Prints to standard output. Rich is imported only for a terminal, because that takes 70 ms."""

    def __init__(self) -> None:
        self._console: Any = None
        if sys.stdout.isatty():
            from rich.console import Console

            self._console = Console(highlight=False)

    def _print(self, text: str, style: str = "") -> None:
        with ignore_closed_output():
            if self._console is not None:
                self._console.print(text, style=style, markup=False)
            else:
                print(text, flush=True)

    def begin(self, record: RunRecord) -> None:
        """Name the run."""
        self._print(f"Run {record.id}", "bold")

    def say(self, line: str) -> None:
        """Show a line of detail."""
        self._print(f"  {line}", "dim")

    def phase(self, word: str, seconds: float | None) -> None:
        """Show the start of a phase, or its end with its duration."""
        if seconds is None:
            self._print(f"{word} ...", "cyan")
        else:
            self._print(f"{word} done in {seconds:.2f} s", "dim")

    def detached(self, run: RunLayout, record: RunRecord) -> None:
        """Say that the run continues without the command."""
        self._print(f"Submitted. To follow it: vivero logs -f {record.id}{option_for(run.root.parents[2])}")

    def end(self, run: RunLayout, record: RunRecord) -> None:
        """Show the summary."""
        rows = dict(summary(run, record))
        if self._console is None:
            width = max(map(len, rows))
            self._print("\n".join(["", *(f"{name:<{width}}  {value}" for name, value in rows.items())]))
            return
        from rich.table import Table

        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in rows.items():
            colour = ("green" if record.status == COMPLETED else "red") if name == "status" else ""
            table.add_row(f"[dim]{name}[/dim]", f"[{colour}]{value}[/{colour}]" if colour else _plain(value))
        self._console.print()
        self._console.print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def summary(run: RunLayout, record: RunRecord) -> list[tuple[str, str]]:
    """Return the names and values of a summary."""
    rows = [("run", record.id), ("status", record.status)]
    if record.error:
        rows.append(("why", record.error))
    if record.status in TERMINAL and record.ended:
        rows.append(("duration", f"{seconds_between(record.created, record.ended):.2f} s"))
    if record.finalize:
        rows += [("metric", line) for line in _metrics(record.finalize.metrics)][:1]
    notes = [*(record.run.notes if record.run else ()), *(record.finalize.notes if record.finalize else ())]
    rows += [("notes", clean("; ".join(notes)))] if notes else []
    if record.finalize and record.finalize.data:
        rows.append(("data", "  ".join(record.finalize.data.values())))
    if record.register:
        rows.append(("model", f"{record.register.model}:{record.register.version}"))
    if record.deploy:
        rows.append(("endpoint", f"{record.deploy.endpoint} at {record.deploy.address}"))
    rows += [("files", str(run.root)), ("next", _next(run, record) + option_for(run.root.parents[2]))]
    return rows


def _metrics(metrics: Mapping[str, Any]) -> list[str]:
    ordered = sorted(metrics.items(), key=lambda item: item[0].startswith(_FOLD))
    shown = [f"{clean(name)}={clean(show_value(value))}" for name, value in ordered[:_METRICS_SHOWN]]
    more = len(metrics) - _METRICS_SHOWN
    return ["  ".join(shown) + (f"  and {more} more" if more > 0 else "")] if shown else []


def _next(run: RunLayout, record: RunRecord) -> str:
    """Return the command that shows more."""
    if record.status == COMPLETED and record.register:
        return f"vivero models show {record.register.model}:{record.register.version}"
    if record.status == COMPLETED:
        return f"vivero show {record.id}"
    if run.log.exists():
        return f"vivero logs {record.id}"
    if run.environment_log.exists():  # its environment could not be built
        return f"vivero logs {record.id} --name {run.environment_log.name}"
    return f"vivero show {record.id}"
