"""``vivero cancel``."""

from __future__ import annotations

import click

from runner.commands.common import find_run, global_options, wants_json, workspace
from runner.commands.output import emit_json, say


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@global_options
def cancel(runs: tuple[str, ...]) -> None:
    """End runs that have not ended: the script and every process it started."""
    from runner.records import TERMINAL

    layout = workspace()
    # All are found before any is ended, so that a misspelt one changes nothing.
    records = [find_run(layout, text) for text in runs]
    results = []
    for record in records:
        was_over = record.status in TERMINAL
        if not was_over:
            from runner.recovery import cancel as end

            record = end(layout, record)  # noqa: PLW2901
        results.append({"id": record.id, "status": record.status})
        if not wants_json():
            say(f"Run {record.id} {'had already ended: it is' if was_over else 'is'} {record.status}")
    if wants_json():
        emit_json(results)
