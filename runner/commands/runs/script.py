"""``vivero script``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json


@click.command()
@click.argument("run")
@global_options
def script(run: str) -> None:
    """Print the training that a run declares as a plain scikit-learn script, which gives the same scores."""
    recorded = opened().run(run)
    text = recorded.training_script()
    if wants_json():
        emit_json({"run": recorded.id, "script": text})
    else:
        click.echo(text, nl=False)
