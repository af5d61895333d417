"""Tables: rich on a terminal, plain aligned columns in a pipe.

On a terminal that is too narrow, optional columns are dropped first, then texts and headers are cut or
folded, then the last columns are dropped. Ids, statuses and addresses are never broken, because people copy them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from runner.console.format import clean, longest_id, short_ids, shorten_ids

FOLDED = 13  # least width of a folded column
_LEAST = 9  # width of a text or header that is cut
_WIDE = 24  # width that a folded column gets before others are cut
_COMFORT = 48  # width that a cut column gets before an optional one is kept
_LINES = 3  # lines of a folded text; the rest is only counted
_GAP, _EDGES = 3, 2  # characters between and around columns in this box of rich
_COLOURS = {
    "completed": "green",
    "failed": "red",
    "canceled": "yellow",
    "running": "cyan",
    "preparing": "cyan",
    "scaling": "cyan",
    "finalizing": "cyan",
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        The header.
    right : bool
        Whether its texts are numbers, aligned on the right.
    optional : int
        If above 0, a narrow terminal drops it, lowest first. An empty one is not shown.
    cut : bool
        Whether its texts may be shortened. If that is not enough, the last such columns are dropped first.
    fold : bool
        Whether its texts may be folded into a few lines. An empty one is not shown.
    """

    name: str
    right: bool = False
    optional: int = 0
    cut: bool = False
    fold: bool = False


@dataclass(eq=False)  # two columns may have one name and the same texts
class _Sized:
    """A column with its texts and its width."""

    column: Column
    texts: list[str]
    room: int = 0

    def __post_init__(self) -> None:
        self.widest = max(map(_width, self.texts), default=0)
        self.header = _width(self.column.name)
        self.natural = max(self.widest, self.header)
        # The texts of a column that is neither cut nor folded stay whole; what stands above them may always be cut.
        self.least = (
            min(self.natural, _LEAST)
            if self.column.cut
            else min(self.natural, max(FOLDED, longest_id([self.column.name, *self.texts])))
            if self.column.fold
            else max(self.widest, min(self.header, _LEAST))
        )

    def wanted(self) -> int:
        """Return the width that it needs before an optional column is kept."""
        if self.column.cut:
            return min(self.natural, _COMFORT)
        return max(self.least, min(self.natural, _WIDE))

    def lines(self) -> list[str]:
        """Return its texts as drawn."""
        if self.column.fold:
            return [_folded(text, self.room) for text in self.texts]
        return [_shortened(text, self.room) for text in self.texts]

    def title(self) -> str:
        return (_folded if self.column.fold else _shortened)(self.column.name, self.room)


def _fit(columns: list[_Sized], width: int) -> tuple[list[_Sized], list[Column]]:
    """Return the columns that fit a width, and the required ones that did not."""
    filled = [
        column
        for column in columns
        if any(column.texts) or not (column.column.optional or column.column.fold or column.column.cut)
    ]
    kept = list(filled)
    for column in sorted(
        (column for column in filled if column.column.optional), key=lambda column: column.column.optional
    ):
        if _total([other.wanted() for other in kept]) > width:
            kept.remove(column)
    # The first column that is cut, and the very first, are what the rows are about.
    for column in [*reversed([column for column in kept if column.column.cut][1:]), *reversed(kept[1:])]:
        if column in kept and _total([other.least for other in kept]) > width:
            kept.remove(column)
    _share(kept, width)
    return kept, [column.column for column in filled if column not in kept and not column.column.optional]


def _share(columns: list[_Sized], width: int) -> None:
    """Set the width of each column: shrink the widest that may shrink, then give the rest to folded ones."""
    for column in columns:
        column.room = column.wanted() if column.column.fold else min(column.natural, max(width, column.least))
    groups = (
        [column for column in columns if not column.column.fold],
        [column for column in columns if column.column.fold],
    )
    for group in groups:
        while (excess := _total([column.room for column in columns]) - width) > 0:
            shrinking = sorted(
                (column for column in group if column.room > column.least), key=lambda column: -column.room
            )
            if not shrinking:
                break
            widest, *others = shrinking
            below = min(widest.room - 1, others[0].room if others else 0)
            widest.room = max(widest.least, below, widest.room - excess)
    for column in groups[1]:
        column.room += max(0, min(column.natural - column.room, width - _total([other.room for other in columns])))


def show_table(
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[str]],
    *,
    ids: Collection[str],
    instead: str,
    tell: Callable[[str], None],
) -> None:
    """Print a table, and say which columns did not fit and how to see them; see `print_table`."""
    missing = print_table(columns, rows, ids=ids)
    if missing:
        tell(f"too narrow for {', '.join(missing)}: see {instead}")


def print_table(
    columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, ids: Collection[str] = ()
) -> list[str]:
    """Print rows of text under headers.

    Parameters
    ----------
    columns : Sequence[Column | str]
        The columns. A plain name is a column that is always shown in full.
    rows : Sequence[Sequence[str]]
        One text for each column.
    ids : Collection[str]
        The ids in texts and headers, which a terminal shows in short form.

    Returns
    -------
    list of str
        The required columns that did not fit.
    """
    all_columns = [column if isinstance(column, Column) else Column(column) for column in columns]
    cleaned = [[clean(text) for text in row] for row in rows]
    if not sys.stdout.isatty():
        _print_plain(all_columns, cleaned)
        return []
    short = short_ids(ids)
    all_columns = [replace(column, name=shorten_ids(clean(column.name), short)) for column in all_columns]
    rows_shown = [[shorten_ids(text, short) for text in row] for row in cleaned]
    texts = list(zip(*rows_shown, strict=True)) or [() for _ in all_columns]
    sized = [_Sized(column, list(cells)) for column, cells in zip(all_columns, texts, strict=True)]
    kept, missing = _fit(sized, terminal_width())
    _print_rich(kept)
    return [column.name for column in missing]


def terminal_width() -> int:
    """Return how many characters a line of the terminal has."""
    import shutil

    return shutil.get_terminal_size().columns


def side_by_side(many: int, first: int, least_width: int) -> list[range]:
    """Return the column numbers in groups that fit on a terminal. A pipe gets a single group.

    Parameters
    ----------
    many : int
        The number of columns.
    first : int
        The width of the left column of each group.
    least_width : int
        The least width of a column.
    """
    if not sys.stdout.isatty():
        return [range(many)]
    step = max(1, (terminal_width() - _EDGES - first) // (least_width + _GAP))
    return [range(at, min(at + step, many)) for at in range(0, many, step)]


def _print_plain(columns: Sequence[Column], rows: list[list[str]]) -> None:
    headers = [column.name for column in columns]
    widths = [max(map(len, texts)) for texts in zip(headers, *rows, strict=True)]
    aligned = [str.rjust if column.right else str.ljust for column in columns]
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


def _folded(text: str, width: int) -> str:
    """Return a text folded at a width, at spaces if possible; the last line counts the words that do not fit."""
    lines = [""]
    words = text.split()
    for at, word in enumerate(words):
        rest = word
        if lines[-1] and _width(lines[-1]) + 1 + _width(word) <= width:
            lines[-1] += f" {word}"
            continue
        while rest:
            piece = _first(rest, width)
            rest = rest[len(piece) :]
            lines = [*lines, piece] if lines[-1] else [piece]
        if len(lines) > _LINES:
            more = f"… and {len(words) - at} more"
            return "\n".join([*lines[:_LINES], more if len(more) <= width else f"… {len(words) - at} more"])
    return "\n".join(lines)


def _first(text: str, width: int) -> str:
    """Return as much of a text as fits, at least one character."""
    if _width(text) <= width:
        return text
    end = min(len(text), width)
    while end > 1 and _width(text[:end]) > width:
        end -= 1
    return text[:end]


def _print_rich(columns: list[_Sized]) -> None:
    # takes 70 ms to import, so only on a terminal; it reads NO_COLOR itself
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["right", "left"] = "right" if column.column.right else "left"
        drawn.add_column(Text(column.title()), justify=justify, no_wrap=True, overflow="crop")
    for row in zip(*(column.lines() for column in columns), strict=True):
        # Text, not str: what a script recorded must not be read as markup.
        drawn.add_row(*(Text(text, style=_COLOURS.get(text, "")) for text in row))
    # A first column that is wider than the terminal is the terminal's to break: it can still be copied.
    width = max(terminal_width(), _total([column.room for column in columns]))
    Console(file=sys.stdout, width=width, height=25, highlight=False).print(drawn)
