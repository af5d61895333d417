"""``vivero recover``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import (
    find_run,
    global_options,
    looked_at,
    run_index,
    run_store,
    trusted_workspace,
    wants_json,
)
from runner.commands.output import emit_json, note, say
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.records import RunRecord


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN...]")
@global_options
def recover(runs: tuple[str, ...]) -> None:
    """Finish runs whose controller ended before they did: the given ones, or all.

    Hashes outputs, registers the model and completes the record. A run that is still going on a node is followed again.
    Without arguments, secrets that a killed controller left are removed. This executes what the runs' files name, so
    nobody else may be able to write them.
    """
    layout = trusted_workspace()
    records = [find_run(layout, text) for text in runs] if runs else _left(layout)
    done, problems = [], 0
    for record in records:
        try:
            ended, line = _recover(layout, record)
        except (UserError, OSError) as error:  # a run that cannot be finished must not stop the others
            mistake = error if isinstance(error, UserError) else storage_error(error)
            if mistake is None:
                raise
            note(f"error: run {record.id}: {mistake}")
            problems += 1
            continue
        done.append({"id": ended.id, "status": ended.status, "error": ended.error})
        if not wants_json():
            say(line)
    if not runs:
        from runner.recovery import forget_secrets

        forget_secrets(layout)
    if wants_json():
        emit_json(done)
    elif not records:
        note("Nothing to recover. Every run has ended or has a controller")
    if problems:
        raise click.exceptions.Exit(1)


def _left(layout: Layout) -> list[RunRecord]:
    """Return the runs that are not followed."""
    from runner.statuses import TERMINAL

    store = run_store(layout)
    active = [row["id"] for row in run_index(layout).all() if row["status"] not in TERMINAL]
    read = [looked_at(layout, store.read(one)) for one in active]
    return [record for record, followed in read if not followed]


def _recover(layout: Layout, record: RunRecord) -> tuple[RunRecord, str]:
    """Finish a run and return its record and the line to print."""
    from runner.recovery import reconcile
    from runner.statuses import TERMINAL

    record, followed = looked_at(layout, record)
    if record.status in TERMINAL:
        return record, f"Run {record.id} has already ended: it is {record.status}"
    if followed:
        return record, f"Run {record.id} is {record.status}, and its controller or worker is alive"
    record = reconcile(layout, record, say=note)
    if record.status not in TERMINAL:
        return record, f"Run {record.id} is still running and has a controller again"
    made = record.register
    more = f"; registered {made.model}:{made.version}" if made else f": {record.error}" if record.error else ""
    return record, f"Run {record.id} is {record.status}{more}"
