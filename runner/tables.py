"""Tables: rich on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence

from runner.shown import clean

_Table = tuple[list[str], list[list[str]]]
_LEAST = 9  # characters of a column that is cut
_GAP, _EDGES = 3, 2  # characters between columns, and around them, as rich draws this box
_COLOURS = {
    "completed": "green",
    "failed": "red",
    "canceled": "yellow",
    "running": "cyan",
    "preparing": "cyan",
    "scaling": "cyan",
    "finalizing": "cyan",
}


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Collection[str] = (),
    *,
    left_out: Sequence[str] = (),
    cut: Collection[str] = (),
) -> None:
    """Print rows of text under headers.

    Parameters
    ----------
    headers : Sequence[str]
        The columns' names.
    rows : Sequence[Sequence[str]]
        One text a column.
    right : Collection[str]
        The columns whose texts are numbers.
    left_out : Sequence[str]
        The columns that a terminal which is too narrow for all goes without, one after the other.
    cut : Collection[str]
        The columns that are then cut; all others are broken into lines, but for the first.
    """
    cleaned = [[clean(text) for text in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(*_fitting(list(headers), cleaned, left_out, cut), right)
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


def _fitting(headers: list[str], rows: list[list[str]], left_out: Sequence[str], cut: Collection[str]) -> _Table:
    """Return a table that fits the terminal: without as many columns of some as it takes, and then with others cut.

    Empty columns that may be left out always are.
    """
    width = shutil.get_terminal_size().columns
    for name in [one for one in left_out if one in headers and not any(row[headers.index(one)] for row in rows)]:
        headers, rows = _without(name, headers, rows)
    for name in left_out:
        if name in headers and _excess(headers, rows, width) > 0:
            headers, rows = _without(name, headers, rows)
    least = [
        min(size, _LEAST) if name in cut else size for name, size in zip(headers, _widths(headers, rows), strict=True)
    ]
    for name in reversed([one for one in headers if one in cut][1:]):
        if _total(least) > width:  # not even cut would it fit
            least.pop(headers.index(name))
            headers, rows = _without(name, headers, rows)
    places = [at for at, name in enumerate(headers) if name in cut]
    while places and (excess := _excess(headers, rows, width)) > 0:
        widths = _widths(headers, rows)
        widest = max(places, key=lambda at: widths[at])
        room = max(_LEAST, widths[widest] - excess)
        rows = [[_shortened(text, room) if at == widest else text for at, text in enumerate(row)] for row in rows]
        places.remove(widest)
    return headers, rows


def _without(name: str, headers: list[str], rows: list[list[str]]) -> _Table:
    at = headers.index(name)
    return headers[:at] + headers[at + 1 :], [row[:at] + row[at + 1 :] for row in rows]


def _widths(headers: list[str], rows: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(headers, *rows, strict=True)]


def _excess(headers: list[str], rows: list[list[str]], width: int) -> int:
    return _total(_widths(headers, rows)) - width


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1) + _EDGES


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


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
