"""``vivero download``."""

from __future__ import annotations

import click

from runner.commands.common import absolute, global_options, read_run, wants_json, workspace
from runner.commands.output import emit_json, say
from runner.console.format import show_count


@click.command()
@click.argument("run")
@click.option("--to", metavar="DIR", help="The folder to create. Default: the run's id in the current folder.")
@global_options
def download(run: str, to: str | None) -> None:
    """Copy a run's outputs, logs and records into a new folder."""
    from runner.commands.runs.copies import copy_file, copy_tree, new_folder

    layout = workspace()
    record, _ = read_run(layout, run)
    folder = layout.run(record.experiment, record.id)
    target = absolute(to or record.id)
    expected = {file.path: file.sha256 for file in record.finalize.outputs} if record.finalize else None
    with new_folder(target) as staged:
        count = copy_tree(folder.outputs, staged / folder.outputs.name, expected)
        for tree in (folder.logs, folder.children):
            count += copy_tree(tree, staged / tree.name)
        # Without order.json and process.json, which are internal and can contain environment variables.
        for path in (
            folder.record,
            folder.config,
            folder.metrics,
            folder.properties,
            folder.events,
            folder.lock_file,
            folder.diff,
            folder.result,
            folder.inspection,
        ):
            if path.is_file() and not path.is_symlink():
                copy_file(path, staged / path.name)
                count += 1
    if wants_json():
        emit_json({"run": record.id, "location": str(target), "files": count})
    else:
        say(f"{show_count(count, 'file')} of run {record.id} copied to {target}")
