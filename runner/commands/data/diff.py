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
    changes = opened().data.diff(before, after)
    if wants_json():
        emit_json(changes.to_json())
    elif changes.same:
        say(f"{changes.before} and {changes.after} have the same content")
    else:
        _print(changes)


def _print(changes: DataDifference) -> None:
    say(f"{changes.before} -> {changes.after}")
    for mark, word, names in (
        ("+", "file", changes.files_added),
        ("-", "file", changes.files_removed),
        ("~", "file", changes.files_changed),
        ("+", "column", changes.columns_added),
        ("-", "column", changes.columns_removed),
    ):
        for name in names[:_SHOWN]:
            say(f"  {mark} {word} {name}")
        if len(names) > _SHOWN:
            say(f"  {mark} and {len(names) - _SHOWN} more {word}s: show all with --json")
    for name, (old, new) in changes.columns_changed.items():
        say(f"  ~ column {name}: {old} -> {new}")
    if changes.rows != (None, None):
        say(f"  rows: {show_value(changes.rows[0])} -> {show_value(changes.rows[1])}")
    if changes.rows_added is not None:
        say(f"  rows only in {changes.after}: {changes.rows_added}, only in {changes.before}: {changes.rows_removed}")
    for warning in changes.notes:
        note(f"warning: {warning}")
