"""``vivero models register``."""

from __future__ import annotations

import contextlib

import click

from runner.commands.common import find_run, global_options, pairs, trusted_workspace, wants_json
from runner.commands.output import emit_json, note, say
from runner.errors import UserError


@click.command()
@click.argument("run")
@click.option(
    "--path", required=True, metavar="PATH", help="The model: a file or folder of the run, such as outputs/model.pkl."
)
@click.option("--name", metavar="NAME", help="The model's name. Default: the run's model.name.")
@click.option(
    "--framework",
    default="ScikitLearn",
    show_default=True,
    help="Custom: registered without being loaded, and never served.",
)
@click.option("--description", metavar="TEXT", help="A description of the version.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag.")
@global_options
def register(
    run: str, path: str, name: str | None, framework: str, description: str | None, tags: tuple[str, ...]
) -> None:
    """Register a model that a finished RUN wrote, without training again."""
    from runner.io.names import check_name
    from runner.recovery import reopen
    from runner.rerun import checked
    from runner.stages.artefacts import Wanted, find_artefact, register_version
    from runner.statuses import TERMINAL

    layout = trusted_workspace()
    record = find_run(layout, run)
    if record.status not in TERMINAL:
        raise UserError(f"Run {record.id} has not ended yet", f"Follow it: vivero logs {record.id} --follow")
    if record.prepare is None:
        raise UserError(f"Run {record.id} ended before its environment was ready, so it has no model")
    record = checked(layout, record)
    context = reopen(layout, record, note)
    chosen = name or context.spec.model.name
    if chosen is None:
        raise UserError("The model needs a name", "Add --name NAME")
    wanted = Wanted(
        name=check_name(chosen, "model name"),
        artefact=find_artefact(context.run, path),
        framework=framework,
        description=description,
        tags=pairs(tags, "--tag"),
    )
    with contextlib.closing(context.compute):
        made = register_version(context, record, wanted)
    if wants_json():
        emit_json({"name": made.name, "version": made.version, "sha256": made.sha256})
    else:
        say(f"Registered {made.name}:{made.version} of run {record.id}")
