"""Tables: rich on a terminal, plain aligned columns in a pipe.

A terminal that is too narrow for all columns gets fewer: first the optional ones go, then some are cut or broken into
lines. Ids and addresses are never broken, because people copy them.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from runner.shown import clean, short_ids, shorten_ids

_LEAST = 9  # characters of a column that is cut
_FOLDED = 24  # characters that a column gets which is broken into lines
_COMFORT = 48  # characters that a column gets which is cut, before an optional one stays
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


@dataclass(frozen=True, eq=False)  # two columns may have one name
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        What stands above it.
    right : bool
        Its texts are numbers, aligned on the right.
    optional : int
        From 1 on: a narrow terminal goes without it, 1 first. It is not shown where it is empty.
    cut : bool
        Its texts may be shortened; if even that is too wide, the last such columns are left out.
    fold : bool
        Its texts may be broken into lines. It is not shown where it is empty.
    """

    name: str
    right: bool = False
    optional: int = 0
    cut: bool = False
    fold: bool = False


class _Table:
    """Columns with their texts, without those that were left out."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        self.columns = list(columns)
        self.texts = [list(texts) for texts in zip(*rows, strict=True)] or [[] for _ in columns]

    def widths(self) -> list[int]:
        return [max(map(_width, (one.name, *texts))) for one, texts in zip(self.columns, self.texts, strict=True)]

    def least(self) -> int:
        """Return the width of the whole, cut and folded as far as it goes."""
        return self._wants(_LEAST, _FOLDED)

    def remove(self, column: Column) -> None:
        at = self.columns.index(column)
        del self.columns[at], self.texts[at]

    def fit(self, width: int) -> list[Column]:
        """Make it as narrow as that, and return the columns that had to go though they are not optional."""
        for one in [one for one in self.columns if one.optional or one.fold or one.cut]:
            if not any(self.texts[self.columns.index(one)]):
                self.remove(one)
        for one in sorted((one for one in self.columns if one.optional), key=lambda one: one.optional):
            if self._wants(_COMFORT, _FOLDED) > width:
                self.remove(one)
        missing: list[Column] = []
        for one in reversed([one for one in self.columns if one.cut][1:]):
            if self.least() > width:
                self.remove(one)
                missing.insert(0, one)
        self._cut(width)
        return missing

    def _wants(self, cut: int, folded: int) -> int:
        """Return the width of the whole, with at most so many characters for each column that is cut or folded."""
        most = [cut if one.cut else folded if one.fold else size for one, size in self._sized()]
        return _total([min(size, room) for (_, size), room in zip(self._sized(), most, strict=True)])

    def _sized(self) -> list[tuple[Column, int]]:
        return list(zip(self.columns, self.widths(), strict=True))

    def _cut(self, width: int) -> None:
        """Shorten texts, those of the widest column first."""
        places = [at for at, one in enumerate(self.columns) if one.cut]
        while places and (excess := self._wants(width, _FOLDED) - width) > 0:
            widths = self.widths()
            widest = max(places, key=lambda at: widths[at])
            room = max(_LEAST, widths[widest] - excess)
            self.texts[widest] = [_shortened(text, room) for text in self.texts[widest]]
            name = _shortened(self.columns[widest].name, room)
            self.columns[widest] = Column(name, right=self.columns[widest].right, cut=True)
            places.remove(widest)


def print_table(
    columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, ids: Collection[str] = ()
) -> list[str]:
    """Print rows of text under headers.

    Parameters
    ----------
    columns : Sequence[Column | str]
        The columns; a name alone is one that is always shown whole.
    rows : Sequence[Sequence[str]]
        One text a column.
    ids : Collection[str]
        The ids of runs or sweeps in texts and headers: a terminal shows what tells them apart.

    Returns
    -------
    list of str
        The columns that are not optional and did not fit.
    """
    all_columns = [one if isinstance(one, Column) else Column(one) for one in columns]
    cleaned = [[clean(text) for text in row] for row in rows]
    if not sys.stdout.isatty():
        _print_plain(all_columns, cleaned)
        return []
    short = short_ids(ids)
    all_columns = [replace(one, name=shorten_ids(one.name, short)) for one in all_columns]
    table = _Table(all_columns, [[shorten_ids(text, short) for text in row] for row in cleaned])
    width = terminal_width()
    missing = table.fit(width)
    _print_rich(table, hopeless=table.least() > width)
    return [one.name for one in missing]


def terminal_width() -> int:
    """Return how many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def side_by_side(many: int, first: int, least: int) -> list[range]:
    """Return the numbers of columns in groups that a terminal shows beside each other; a pipe gets them all at once.

    Parameters
    ----------
    many : int
        How many columns there are.
    first : int
        The width of the column that stands at the left of each group.
    least : int
        The width that each column gets at least.
    """
    if not sys.stdout.isatty():
        return [range(many)]
    step = max(1, (terminal_width() - _EDGES - first) // (least + _GAP))
    return [range(at, min(at + step, many)) for at in range(0, many, step)]


def _print_plain(columns: Sequence[Column], rows: list[list[str]]) -> None:
    headers = [one.name for one in columns]
    widths = [max(map(len, texts)) for texts in zip(headers, *rows, strict=True)]
    aligned = [str.rjust if one.right else str.ljust for one in columns]
    lines = [
        "  ".join(align(text, width) for align, text, width in zip(aligned, row, widths, strict=True)).rstrip()
        for row in (headers, *rows)
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1) + _EDGES


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _shortened(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _print_rich(table: _Table, *, hopeless: bool) -> None:
    # 70 ms to import: only where someone looks. It reads NO_COLOR itself.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for at, column in enumerate(table.columns):
        # Where not all can be kept whole, the first column is: it is what people copy.
        broken = column.fold or (hopeless and at > 0)
        drawn.add_column(
            Text(column.name), justify="right" if column.right else "left", no_wrap=not broken, overflow="fold"
        )
    for row in zip(*table.texts, strict=True):
        # Text, not str: what a script recorded must not be read as markup.
        drawn.add_row(*(Text(text, style=_COLOURS.get(text, "")) for text in row))
    Console(file=sys.stdout, width=terminal_width(), height=25, highlight=False).print(drawn)
