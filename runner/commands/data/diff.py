"""``vivero data diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, note, say, show_value

if TYPE_CHECKING:
    from runner.api.data.difference import DataDifference

_SHOWN = 20


@click.command()
@click.argument("before", metavar="NAME:VERSION")
@click.argument("after", metavar="NAME:VERSION")
@global_options
def diff(before: str, after: str) -> None:
    """Show which files, and of tables which columns and how many rows, differ between two versions."""
    found = opened().data.diff(before, after)
    if wants_json():
        emit_json(found.to_json())
    elif found.same:
        say(f"{found.before} and {found.after} have the same content")
    else:
        _print(found)


def _print(found: DataDifference) -> None:
    say(f"{found.before} -> {found.after}")
    for mark, word, names in (
        ("+", "file", found.files_added),
        ("-", "file", found.files_removed),
        ("~", "file", found.files_changed),
        ("+", "column", found.columns_added),
        ("-", "column", found.columns_removed),
    ):
        for name in names[:_SHOWN]:
            say(f"  {mark} {word} {name}")
        if len(names) > _SHOWN:
            say(f"  {mark} and {len(names) - _SHOWN} more {word}s: show all with --json")
    for name, (old, new) in found.columns_changed.items():
        say(f"  ~ column {name}: {old} -> {new}")
    if found.rows != (None, None):
        say(f"  rows: {show_value(found.rows[0])} -> {show_value(found.rows[1])}")
    if found.rows_added is not None:
        say(f"  rows only in {found.after}: {found.rows_added}, only in {found.before}: {found.rows_removed}")
    for one in found.notes:
        note(f"warning: {one}")
