"""Finishes runs whose controller ended before they did."""

from __future__ import annotations

from runner.api.runs.find import looked_at
from runner.console.notes import note
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.say import Say
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.store.index.run_index import RunIndex
from runner.store.runs import FileRunStore


def left(layout: Layout) -> list[RunRecord]:
    """Return the runs that are not followed. A record that cannot be read gives a warning."""
    store, index = FileRunStore(layout), RunIndex(layout)
    active, problems = [row["id"] for row in index.not_ended()], index.unreadable()
    found = []
    for run in active:
        try:
            record, followed = looked_at(layout, store.read(run))
        except UserError as error:
            problems.append(str(error))
            continue
        if not followed:
            found.append(record)
    for problem in dict.fromkeys(problems):
        note(f"warning: {problem}")
    return found


def recover(layout: Layout, record: RunRecord, say: Say) -> tuple[RunRecord, str]:
    """Finish a run and return its record and a line about what happened.

    Raises
    ------
    UserError
        If others could have written its files, or it needs another Python.
    """
    from runner.recovery import reconcile

    record, followed = looked_at(layout, record)
    if record.status in TERMINAL:
        return record, f"Run {record.id} has already ended: it is {record.status}"
    if followed:
        return record, f"Run {record.id} is {record.status}, and its controller or worker is alive"
    record = reconcile(layout, record, say=say)
    if record.status not in TERMINAL:
        return record, f"Run {record.id} is still running and has a controller again"
    made = record.register
    more = f"; registered {made.model}:{made.version}" if made else f": {record.error}" if record.error else ""
    return record, f"Run {record.id} is {record.status}{more}"


def forget_secrets(layout: Layout) -> None:
    """Remove secrets that the killed controller of a run or sweep has left."""
    from runner.recovery import forget_secrets as forget

    forget(layout)
