"""``vivero pipeline RUN``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import advise, global_options, opened, status_word, wants_json, workspace
from runner.commands.output import emit_json, facts, say, show_duration, show_table, show_time
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api import Run
    from runner.pipelines.records import StepRecord

_LOOK = 0.5  # seconds between updates of a running pipeline
_INDENT = "  "


@click.command()
@click.argument("run")
@global_options
def show(run: str) -> None:
    """Show a pipeline and its steps. On a terminal, one that is running is shown until it has ended."""
    pipeline = opened().pipeline(run)
    if wants_json():
        emit_json({**pipeline.record.to_json(), "steps": [_json(depth, step) for depth, step in _tree(pipeline)]})
        return
    if sys.stdout.isatty() and pipeline.ended is None and pipeline.followed:
        _follow(pipeline)
    _print(pipeline)


def _json(depth: int, step: StepRecord) -> dict[str, Any]:
    return {**step.to_json(), "depth": depth}


def _tree(run: Run, depth: int = 0) -> Iterator[tuple[int, StepRecord]]:
    """Yield the steps with their depth: a step that is itself a pipeline is followed by its own steps."""
    for step in run.steps:
        yield depth, step
        below = _run_of(step)
        if below is not None and below.is_pipeline:
            yield from _tree(below, depth + 1)


def _run_of(step: StepRecord) -> Run | None:
    try:
        return opened().run(step.run) if step.run is not None else None
    except UserError:  # it was deleted
        return None


def _print(run: Run) -> None:
    record = run.record
    facts(
        {
            "pipeline": run.id,
            "state": status_word(record.status, run.followed),
            "why": record.error,
            "model": f"{record.register.model}:{record.register.version}" if record.register else None,
            "created": show_time(record.created),
            "duration": show_duration(run.duration),
            "folder": str(run.folder.root),
        }
    )
    say()
    show_table(["STEP", "STATE", "TIME", "RUN", "NEEDS", "WHY"], _rows(run), ids=[step.run or "" for step in run.steps])
    if not run.followed:
        advise(workspace(), [run.id])


def _rows(run: Run) -> list[list[str]]:
    from runner.io.clock import now, seconds_between

    rows = []
    for depth, step in _tree(run):
        until = step.ended or (now() if step.started else None)
        took = show_duration(seconds_between(step.started, until)) if step.started and until and not step.reused else ""
        state = "reused" if step.reused else step.status
        rows.append(
            [f"{_INDENT * depth}{step.name}", state, took, step.run or "", ", ".join(step.needs), step.reason or ""]
        )
    return rows


def _follow(run: Run) -> None:
    """Redraw the steps until the pipeline has ended or is no longer followed. Ctrl-C does not end the pipeline."""
    from rich.live import Live
    from rich.table import Table

    def drawn() -> Table:
        table = Table(box=None, pad_edge=False)
        for column in ("STEP", "STATE", "TIME", "RUN"):
            table.add_column(column)
        for row in _rows(run):
            table.add_row(*row[:4])
        return table

    with Live(drawn(), transient=True, auto_refresh=False) as live:
        while run.refresh().ended is None and run.followed:
            live.update(drawn(), refresh=True)
            time.sleep(_LOOK)
