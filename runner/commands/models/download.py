"""``vivero models download``."""

from __future__ import annotations

import click

from runner.commands.common import absolute, global_options, registry, wants_json, workspace
from runner.commands.output import emit_json, say


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@click.option("--to", metavar="DIR", help="The folder to create. Default: NAME-VERSION in the current folder.")
@global_options
def download(reference: str, to: str | None) -> None:
    """Copy a version's artefact and record into a new folder, checked against its SHA-256."""
    from runner.commands.runs.copies import copy_file, copy_tree, new_folder
    from runner.io.files import write_json

    store = registry(workspace())
    record = store.resolve(reference)
    artefact = store.artefact(record)
    target = absolute(to or f"{record.name}-{record.version}")
    with new_folder(target) as staged:
        if artefact.is_dir():
            expected = {file.path: file.sha256 for file in record.files}
            count = copy_tree(artefact, staged / artefact.name, expected, complete=True)
        else:
            copy_file(artefact, staged / artefact.name, record.sha256)
            count = 1
        write_json(staged / "model.json", record.to_json())
    if wants_json():
        emit_json({"name": record.name, "version": record.version, "location": str(target), "artefact": artefact.name})
    else:
        files = "1 file" if count == 1 else f"{count} files"
        say(f"{record.name}:{record.version} is in {target}: {artefact.name} ({files}) and model.json")
