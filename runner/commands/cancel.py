"""``vivero cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import find_run, global_options, run_store, wants_json, workspace
from runner.commands.output import emit_json, say
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.records import RunRecord


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@global_options
def cancel(runs: tuple[str, ...]) -> None:
    """End runs that have not ended: the script and every process it started."""
    layout = workspace()
    # All are found before any is ended, so that a misspelt one changes nothing.
    records = [find_run(layout, text) for text in runs]
    results = []
    for record in records:
        was_over, ended = _end(layout, record)
        results.append({"id": ended.id, "status": ended.status})
        if not wants_json():
            say(_line(ended, was_over))
    if wants_json():
        emit_json(results)


def _end(layout: Layout, record: RunRecord) -> tuple[bool, RunRecord]:
    """Return whether a run had ended before it was told to, and its record."""
    from runner.records import TERMINAL

    if record.status in TERMINAL:
        return True, record
    from runner.recovery import cancel as end

    try:
        return False, end(layout, record)
    except UserError:
        # It may have ended since it was found.
        record = run_store(layout).read(record.id)
        if record.status not in TERMINAL:
            raise
        return True, record


def _line(record: RunRecord, was_over: bool) -> str:
    from runner.records import TERMINAL

    if was_over:
        return f"Run {record.id} had already ended: it is {record.status}"
    if record.status in TERMINAL:
        return f"Run {record.id} is {record.status}"
    return f"Run {record.id} is told to end: see 'vivero show {record.id}'"
