"""``vivero models download``."""

from __future__ import annotations

import click

from runner.commands.common import absolute, global_options, opened, wants_json
from runner.commands.output import emit_json, say


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@click.option("--to", metavar="DIR", help="The folder to create. Default: NAME-VERSION in the current folder.")
@global_options
def download(reference: str, to: str | None) -> None:
    """Copy a version's artefact and record into a new folder, checked against its SHA-256."""
    version = opened().model(reference)
    record, artefact = version.record, version.path
    target = absolute(to or f"{record.name}-{record.version}")
    count = version.download(target)
    if wants_json():
        emit_json({"name": record.name, "version": record.version, "location": str(target), "artefact": artefact.name})
    else:
        files = "1 file" if count == 1 else f"{count} files"
        say(f"{record.name}:{record.version} is in {target}: {artefact.name} ({files}) and model.json")
