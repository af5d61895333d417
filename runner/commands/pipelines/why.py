"""``vivero pipeline why``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, say


@click.command()
@click.argument("run")
@click.argument("step")
@global_options
def why(run: str, step: str) -> None:
    """Explain why a step was computed: what has changed since it was last computed."""
    lines = opened().pipeline(run).why(step)
    if wants_json():
        emit_json(lines)
        return
    for line in lines:
        say(line)
