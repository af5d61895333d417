"""Cancels sweeps."""

from __future__ import annotations

from runner.api.runs.cancel import cancel_run
from runner.api.sweeps.state import close, is_minded
from runner.errors import UserError, as_mistake
from runner.layout import Layout
from runner.statuses import TERMINAL
from runner.store.runs import FileRunStore, locate
from runner.sweeps.records import SweepRecord, TrialRecord
from runner.sweeps.store import request_cancel


def cancel_sweep(layout: Layout, record: SweepRecord) -> SweepRecord:
    """Ask a sweep to end. Its controller cancels the trials; without a controller, they are canceled here.

    Raises
    ------
    UserError
        If a trial could not be canceled, once all others are and the sweep is recorded as canceled.
    """
    request_cancel(layout, record.id)
    if is_minded(layout, record):
        # If two processes signaled a worker, it would take that for a second Ctrl-C and kill immediately.
        return record
    problems = [problem for trial in record.trials if (problem := _canceled(layout, trial)) is not None]
    closed = close(layout, record)
    if problems:
        raise UserError(f"Sweep {record.id} is canceled, but {'; '.join(problems)}")
    return closed


def _canceled(layout: Layout, trial: TrialRecord) -> str | None:
    """Cancel a trial, unless it has ended or never began. Return the problem if that is not possible."""
    try:
        if trial.status not in TERMINAL and locate(layout, trial.run) is not None:
            cancel_run(layout, FileRunStore(layout).read(trial.run))
    except (UserError, OSError) as error:
        mistake = as_mistake(error)
        if mistake is None:
            raise
        return f"its trial {trial.number} was not: {mistake}"
    return None
