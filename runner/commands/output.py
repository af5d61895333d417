"""Prints results as one JSON document or as lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.console.format import clean, finite, show_bytes, show_duration, show_time, show_value
from runner.console.notes import note

if TYPE_CHECKING:
    from runner.console.tables import Column
    from runner.records import FileRecord

_OUTPUTS_SHOWN = 50

__all__ = [
    "clean", "emit_json", "facts", "note", "print_outputs", "say", "section", "show_bytes", "show_duration",
    "show_table", "show_time", "show_value",
]  # fmt: skip


def emit_json(value: Any) -> None:
    """Print one JSON document. NaN and infinities become the strings that records use."""
    # ASCII, so that a file name that is not UTF-8 still gives valid JSON.
    sys.stdout.write(json.dumps(finite(value), indent=1, allow_nan=False) + "\n")


def say(text: str = "") -> None:
    """Print one line for people."""
    sys.stdout.write(clean(text) + "\n")


def show_table(
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[str]],
    *,
    ids: Collection[str] = (),
    instead: str = "--json",
) -> None:
    """Print a table, and below it which columns did not fit and how to see them."""
    from runner.console import tables

    tables.show_table(columns, rows, ids=ids, instead=instead, tell=note)


def section(title: str) -> None:
    """Start a section of a longer text."""
    say()
    say(title)


def facts(values: Mapping[str, Any], indent: int = 0) -> None:
    """Print names and values in two columns, skipping empty values."""
    shown = {clean(name): show_value(value) for name, value in values.items()}
    shown = {name: value for name, value in shown.items() if value != ""}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        say(f"{' ' * indent}{name:<{width}}  {value}")


def print_outputs(files: Sequence[FileRecord]) -> None:
    """Print a line for each file of outputs."""
    if files:
        section("Outputs")
    for file in files[:_OUTPUTS_SHOWN]:
        say(f"  {file.sha256[:12]}  {show_bytes(file.bytes):>9}  {file.path}")
    if len(files) > _OUTPUTS_SHOWN:
        say(f"  and {len(files) - _OUTPUTS_SHOWN} more: show all with --json")
