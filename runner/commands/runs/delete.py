"""``vivero delete``."""

from __future__ import annotations

import click

from runner.commands.common import confirm, global_options, opened, wants_json
from runner.commands.output import emit_json, say


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@global_options
def delete(runs: tuple[str, ...], yes: bool) -> None:
    """Remove runs that have ended, with their outputs and logs. Registered models stay."""
    workspace = opened()
    targets = [workspace.run(text) for text in runs]
    for run in targets:
        run.check_delete()
    chosen = list(dict.fromkeys(targets))
    what = f"run {chosen[0].id}" if len(chosen) == 1 else f"{len(chosen)} runs"
    confirm(f"Remove {what} with all outputs and logs?", yes)
    for run in chosen:
        run.delete()
        if not wants_json():
            say(f"Removed run {run.id}")
    if wants_json():
        emit_json([{"id": run.id, "deleted": True} for run in chosen])
