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
    from runner.api.run_files.download import download_run

    layout = workspace()
    record, _ = read_run(layout, run)
    target = absolute(to or record.id)
    count = download_run(layout.run(record.experiment, record.id), record, target)
    if wants_json():
        emit_json({"run": record.id, "location": str(target), "files": count})
    else:
        say(f"{show_count(count, 'file')} of run {record.id} copied to {target}")
