"""``vivero data download``."""

from __future__ import annotations

import click

from runner.commands.common import absolute, global_options, opened, wants_json
from runner.commands.output import emit_json, say
from runner.console.format import show_count


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@click.argument("target", metavar="TARGET")
@global_options
def download(reference: str, target: str) -> None:
    """Copy the files of a version into the new folder TARGET, checked against their hashes."""
    version, folder = opened().data.version(reference), absolute(target)
    count = version.download(folder)
    if wants_json():
        emit_json({"name": version.name, "version": version.version, "location": str(folder), "files": count})
    else:
        say(f"{version.reference} is in {folder} ({show_count(count, 'file')})")
