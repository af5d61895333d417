"""``vivero cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, trusted_workspace
from runner.commands.each import act_on_each
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.records import RunRecord
    from runner.sweeps.records import SweepRecord


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN|SWEEP...")
@global_options
def cancel(runs: tuple[str, ...]) -> None:
    """Cancel runs and sweeps. Ends their scripts and every process these started."""
    layout = trusted_workspace()
    # All are found before any is canceled, so that a misspelt one changes nothing.
    records = [_find(layout, text) for text in runs]
    act_on_each(records, lambda record: _end(layout, record), lambda record: record.id)


def _find(layout: Layout, text: str) -> RunRecord | SweepRecord:
    """Return the run or sweep that a user means."""
    from runner.api.runs.find import find_run
    from runner.api.sweeps.state import find_sweep, sweep_store

    means_sweep = _means_sweep(layout, text, sweep_store(layout).ids())
    return find_sweep(layout, text) if means_sweep else find_run(layout, text)


def _means_sweep(layout: Layout, text: str, ids: list[str]) -> bool:
    """Return whether a text names a sweep. A text that matches runs and sweeps is refused as ambiguous."""
    from runner.api.runs.find import matching

    if text in ids:
        return True
    sweeps = [sweep_id for sweep_id in ids if text in sweep_id]
    if text == "latest" or not sweeps:
        return False
    runs = matching(layout, text)
    if runs and text not in runs:
        raise UserError(f"'{text}' matches both run {runs[-1]} and sweep {sweeps[-1]}", "Give more of the id")
    return not runs


def _end(layout: Layout, record: RunRecord | SweepRecord) -> tuple[dict[str, Any], str]:
    """Cancel a run or sweep and return its id and status, and the line to print."""
    from runner.api.runs.cancel import cancel_run
    from runner.api.sweeps.cancel import cancel_sweep
    from runner.records import RunRecord
    from runner.statuses import RUNNING

    if isinstance(record, RunRecord):
        was_over, ended = cancel_run(layout, record)
        return {"id": ended.id, "status": ended.status}, _line(ended, was_over)
    was_over = record.state != RUNNING
    swept = record if was_over else cancel_sweep(layout, record)
    return {"id": swept.id, "status": swept.state}, _sweep_line(swept, was_over)


def _sweep_line(sweep: SweepRecord, was_over: bool) -> str:
    from runner.statuses import RUNNING

    if was_over:
        return f"Sweep {sweep.id} has already ended: it is {sweep.state}"
    if sweep.state == RUNNING:
        return f"Sweep {sweep.id} is being canceled. See: vivero sweep {sweep.id}"
    return f"Sweep {sweep.id} is {sweep.state}"


def _line(record: RunRecord, was_over: bool) -> str:
    from runner.statuses import TERMINAL

    if was_over:
        return f"Run {record.id} has already ended: it is {record.status}"
    if record.status in TERMINAL:
        return f"Run {record.id} is {record.status}"
    return f"Run {record.id} is being canceled. See: vivero show {record.id}"
