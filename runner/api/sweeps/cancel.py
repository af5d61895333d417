"""Cancels sweeps."""

from __future__ import annotations

from runner.api.runs.cancel import cancel_run
from runner.api.sweeps.state import close, is_minded
from runner.layout import Layout
from runner.statuses import TERMINAL
from runner.store.runs import FileRunStore, locate
from runner.sweeps.records import SweepRecord
from runner.sweeps.store import request_cancel


def cancel_sweep(layout: Layout, record: SweepRecord) -> SweepRecord:
    """Ask a sweep to end. Its controller cancels the trials; without a controller, they are canceled here.

    Raises
    ------
    UserError
        If others could have written a trial's files.
    """
    request_cancel(layout, record.id)
    if is_minded(layout, record):
        # If two processes signaled a worker, it would take that for a second Ctrl-C and kill immediately.
        return record
    store = FileRunStore(layout)
    for trial in record.trials:
        if trial.status not in TERMINAL and locate(layout, trial.run) is not None:
            cancel_run(layout, store.read(trial.run))
    return close(layout, record)
