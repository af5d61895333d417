"""``vivero data add``."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from runner.commands.common import given_workspace, global_options, pairs, wants_json
from runner.commands.output import emit_json, note, say, show_bytes
from runner.console.format import show_count
from runner.errors import UserError


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--type", "kind", metavar="TYPE", help="file, folder or table. Default: detected from the content.")
@click.option("--reference", is_flag=True, help="Do not copy the content. Changes are detected when it is used.")
@click.option("--description", metavar="TEXT", help="A description.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag. May be repeated.")
@click.option("--as", "content", metavar="FILENAME", help="The file name that scripts see. Default: the name of PATH.")
@global_options
def add(
    name: str,
    paths: tuple[str, ...],
    kind: str | None,
    reference: bool,
    description: str | None,
    tags: tuple[str, ...],
    content: str | None,
) -> None:
    """Store a file, a folder or several of them as the next version of NAME.

    CSV, TSV, JSON lines, Parquet and MLTable folders are tables. Several files, or a quoted pattern, make one table or
    folder. Content that the latest version has already makes no new one.
    """
    from runner.api.workspace import Workspace

    if not paths:
        raise UserError("A data asset needs a name and what it contains", f"For example: {_example(name)}")
    made = Workspace(given_workspace(), create=True).data.add(
        name, *paths, type=kind, reference=reference, description=description, tags=pairs(tags, "--tag"),
        content=content,
    )  # fmt: skip
    record = made.record
    if wants_json():
        emit_json({**record.to_json(), "new": made.is_new})
        return
    table = made.table
    rows = f", {show_count(table.rows, 'row')}" if table is not None and table.rows is not None else ""
    size = f"{record.type}, {show_count(record.files, 'file')}, {show_bytes(record.bytes)}{rows}"
    say(f"Added {made.reference} ({size})" if made.is_new else f"{made.reference} already has this content ({size})")
    for warning in table.notes if table is not None and made.is_new else ():
        note(f"warning: {warning}")


def _example(word: str) -> str:
    """Return an example that uses the only word that was given, as the path if it looks like one, else as the name."""
    path = Path(word)
    if not path.suffix and len(path.parts) < 2 and not path.exists():
        return f"vivero data add {shlex.quote(word)} PATH"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.absolute().name.partition(".")[0]).strip("-")
    return shlex.join(["vivero", "data", "add", name or "NAME", word])
