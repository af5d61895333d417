"""``vivero report``."""

from __future__ import annotations

from pathlib import Path

import click

from runner.commands.common import absolute, opened, workspace_option
from runner.commands.output import say
from runner.errors import UserError, storage_error


@click.command()
@click.argument("name", metavar="RUN|SWEEP|PIPELINE|EXPERIMENT")
@click.option("-o", "--output", metavar="FILE", default="report.html", show_default=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@workspace_option
def report(name: str, output: str, force: bool) -> None:
    """Write a run, a sweep, a pipeline or an experiment as one HTML file that needs no network, to send by mail."""
    from runner.io.files import write_text
    from runner.reports.report import report_of

    path = absolute(output)
    _check(path, force)
    text = report_of(opened(), name)
    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {storage_error(error) or error.strerror}") from None
    say(f"Wrote {path} ({len(text.encode()) / 1000:.0f} kB)")


def _check(path: Path, force: bool) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder", "Name a file: -o report.html")
    if not path.parent.is_dir():
        raise UserError(f"The folder {path.parent} does not exist", "Create it first")
    if not force and (path.exists() or path.is_symlink()):
        raise UserError(f"{path} exists", "Choose another file, or replace it with --force")
