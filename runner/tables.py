"""Tables: rich on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from runner.shown import clean

_COLOURS = {
    "completed": "green",
    "failed": "red",
    "canceled": "yellow",
    "running": "cyan",
    "preparing": "cyan",
    "scaling": "cyan",
    "finalizing": "cyan",
}


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> None:
    """Print rows of text under headers.

    Parameters
    ----------
    headers : Sequence[str]
        The columns' names.
    rows : Sequence[Sequence[str]]
        One text a column.
    right : Collection[str]
        The columns whose texts are numbers.
    """
    cleaned = [[clean(text) for text in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(headers, cleaned, right)
    else:
        _print_plain(headers, cleaned, right)


def _print_plain(headers: Sequence[str], rows: list[list[str]], right: Collection[str]) -> None:
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    aligned = [str.rjust if header in right else str.ljust for header in headers]
    lines = [
        "  ".join(align(text, width) for align, text, width in zip(aligned, row, widths, strict=True)).rstrip()
        for row in (headers, *rows)
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _print_rich(headers: Sequence[str], rows: list[list[str]], right: Collection[str]) -> None:
    # 70 ms to import: only where someone looks. It reads NO_COLOR itself.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for position, header in enumerate(headers):
        # What people copy, the first column, is never broken.
        table.add_column(header, justify="right" if header in right else "left", no_wrap=position == 0, overflow="fold")
    for row in rows:
        # Text, not str: what a script recorded must not be read as markup.
        table.add_row(*(Text(text, style=_COLOURS.get(text, "")) for text in row))
    Console(file=sys.stdout, highlight=False).print(table)
