"""Cancels runs."""

from __future__ import annotations

from runner.errors import UserError
from runner.layout import Layout
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.store.runs import FileRunStore


def cancel_run(layout: Layout, record: RunRecord) -> tuple[bool, RunRecord]:
    """Ask a run to end. Return whether it had already ended, and its record.

    Raises
    ------
    UserError
        If others could have written its files.
    """
    if record.status in TERMINAL:
        return True, record
    from runner.recovery import cancel as end

    try:
        return False, end(layout, record)
    except UserError:
        # It may have ended in the meantime.
        record = FileRunStore(layout).read(record.id)
        if record.status not in TERMINAL:
            raise
        return True, record
