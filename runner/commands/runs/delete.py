"""``vivero delete``."""

from __future__ import annotations

import click

from runner.commands.common import (
    confirm,
    find_run,
    global_options,
    looked_at,
    run_store,
    status_word,
    wants_json,
    workspace,
)
from runner.commands.output import emit_json, say
from runner.errors import UserError


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@global_options
def delete(runs: tuple[str, ...], yes: bool) -> None:
    """Remove runs that have ended, with their outputs and logs. Registered models stay."""
    from runner.statuses import TERMINAL

    layout = workspace()
    found = [looked_at(layout, find_run(layout, text)) for text in runs]
    for record, followed in found:
        if record.status not in TERMINAL:
            raise UserError(
                f"Run {record.id} is {status_word(record.status, followed)}",
                f"Cancel it first: vivero cancel {record.id}"
                + ("" if followed else f", or finish it: vivero recover {record.id}"),
            )
    records = list(dict.fromkeys(record.id for record, _ in found))
    what = f"run {records[0]}" if len(records) == 1 else f"{len(records)} runs"
    confirm(f"Remove {what} with all outputs and logs?", yes)
    store = run_store(layout)
    for run_id in records:
        store.delete(run_id)
        if not wants_json():
            say(f"Removed run {run_id}")
    if wants_json():
        emit_json([{"id": run_id, "deleted": True} for run_id in records])
