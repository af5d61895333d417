"""``vivero models register``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, pairs, trusted_workspace, wants_json
from runner.commands.output import emit_json, say


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
    from runner.api.runs.find import find_run
    from runner.api.runs.register import register_model

    layout = trusted_workspace()
    record = find_run(layout, run)
    made = register_model(
        layout, record, name, path, tags=pairs(tags, "--tag"), framework=framework, description=description
    )
    if wants_json():
        emit_json({"name": made.name, "version": made.version, "sha256": made.sha256})
    else:
        say(f"Registered {made.name}:{made.version} of run {record.id}")
