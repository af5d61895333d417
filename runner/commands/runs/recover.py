"""``vivero recover``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, trusted_workspace, wants_json
from runner.commands.output import emit_json, note, say
from runner.errors import UserError, as_mistake


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
    done, problems = [], 0
    for record in records:
        try:
            ended, line = finish(layout, record, note)
        except (UserError, OSError) as error:  # a run that cannot be finished must not stop the others
            mistake = as_mistake(error)
            if mistake is None:
                raise
            note(f"error: run {record.id}: {mistake}")
            problems += 1
            continue
        done.append({"id": ended.id, "status": ended.status, "error": ended.error})
        if not wants_json():
            say(line)
    if not runs:
        forget_secrets(layout)
    if wants_json():
        emit_json(done)
    elif not records:
        note("Nothing to recover. Every run has ended or has a controller")
    if problems:
        raise click.exceptions.Exit(1)
