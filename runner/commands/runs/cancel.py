"""``vivero cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import find_run, global_options, run_store, trusted_workspace, wants_json
from runner.commands.output import emit_json, say
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
    found = [_find(layout, text) for text in runs]
    results = []
    for record in found:
        identity, status, line = _end(layout, record)
        results.append({"id": identity, "status": status})
        if not wants_json():
            say(line)
    if wants_json():
        emit_json(results)


def _find(layout: Layout, text: str) -> RunRecord | SweepRecord:
    """Return the run or sweep that a user means."""
    from runner.commands.sweeps.state import find_sweep, sweep_store

    means_sweep = _means_sweep(layout, text, sweep_store(layout).ids())
    return find_sweep(layout, text) if means_sweep else find_run(layout, text)


def _means_sweep(layout: Layout, text: str, ids: list[str]) -> bool:
    """Return whether a text names a sweep. A part of ids of both kinds is refused, to not cancel the wrong one."""
    if text in ids:
        return True
    sweeps = [one for one in ids if text in one]
    if text == "latest" or not sweeps:
        return False
    runs = [one for one in run_store(layout).ids() if text in one]
    if runs and text not in runs:
        raise UserError(f"'{text}' matches both run {runs[-1]} and sweep {sweeps[-1]}", "Give more of the id")
    return not runs


def _end(layout: Layout, record: RunRecord | SweepRecord) -> tuple[str, str, str]:
    """Cancel a run or sweep and return its id, its status and the line to print."""
    from runner.records import RunRecord
    from runner.statuses import RUNNING

    if isinstance(record, RunRecord):
        was_over, ended = _end_run(layout, record)
        return ended.id, ended.status, _line(ended, was_over)
    if record.state != RUNNING:
        return record.id, record.state, f"Sweep {record.id} has already ended: it is {record.state}"
    swept = _end_sweep(layout, record)
    if swept.state == record.state:
        return swept.id, swept.state, f"Sweep {swept.id} is being canceled. See: vivero sweep {swept.id}"
    return swept.id, swept.state, f"Sweep {swept.id} is {swept.state}"


def _end_sweep(layout: Layout, record: SweepRecord) -> SweepRecord:
    """Ask a sweep to end. Its controller cancels the trials; without a controller, they are canceled here."""
    from runner.commands.sweeps.state import close, is_minded
    from runner.store.runs import locate
    from runner.sweeps.store import request_cancel

    request_cancel(layout, record.id)
    if is_minded(layout, record):
        # If two processes signaled a worker, it would take that for a second Ctrl-C and kill immediately.
        return record
    from runner.statuses import TERMINAL

    for trial in record.trials:
        if trial.status not in TERMINAL and locate(layout, trial.run) is not None:
            _end_run(layout, run_store(layout).read(trial.run))
    return close(layout, record)


def _end_run(layout: Layout, record: RunRecord) -> tuple[bool, RunRecord]:
    """Return whether a run had already ended, and its record."""
    from runner.statuses import TERMINAL

    if record.status in TERMINAL:
        return True, record
    from runner.recovery import cancel as end

    try:
        return False, end(layout, record)
    except UserError:
        # It may have ended in the meantime.
        record = run_store(layout).read(record.id)
        if record.status not in TERMINAL:
            raise
        return True, record


def _line(record: RunRecord, was_over: bool) -> str:
    from runner.statuses import TERMINAL

    if was_over:
        return f"Run {record.id} has already ended: it is {record.status}"
    if record.status in TERMINAL:
        return f"Run {record.id} is {record.status}"
    return f"Run {record.id} is being canceled. See: vivero show {record.id}"
