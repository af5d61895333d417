"""``vivero recover``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, trusted_workspace, wants_json
from runner.commands.each import act_on_each
from runner.commands.output import note

if TYPE_CHECKING:
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
    from runner.api.runs.find import find_run
    from runner.api.runs.recover import forget_secrets, left
    from runner.api.runs.recover import recover as finish

    layout = trusted_workspace()
    records = [find_run(layout, text) for text in runs] if runs else left(layout)
    if not records and not wants_json():
        note("Nothing to recover. Every run has ended or has a controller")

    def act(record: RunRecord) -> tuple[dict[str, Any], str]:
        ended, line = finish(layout, record, note)
        return {"id": ended.id, "status": ended.status, "error": ended.error}, line

    try:
        act_on_each(records, act, lambda record: f"run {record.id}")
    finally:
        if not runs:
            forget_secrets(layout)
