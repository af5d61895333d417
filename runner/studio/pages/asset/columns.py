"""The columns of a table, each with a small bar chart of how its values are distributed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from runner.api import DataVersion
from runner.console.format import show_value
from runner.studio.paging import Paging

SIZE = 200  # columns of a page
WIDTH, HEIGHT = 120, 28  # of a column's chart
_GAP = 1.0
_MOST = WIDTH // 2  # bins of a chart; a record that another program made can have more


@dataclass(frozen=True)
class Bar:
    """A bar of a chart. `kind` is values, others (less frequent values) or missing."""

    x: float
    width: float
    height: float
    label: str
    kind: str = "values"


@dataclass(frozen=True)
class Column:
    """A column and its chart: numbers or dates in bins, or the most frequent values and one bar for all others."""

    profile: Any
    bars: tuple[Bar, ...]

    @property
    def label(self) -> str:
        """The chart in words."""
        return (
            "; ".join(bar.label for bar in self.bars if bar.label) or "all values are missing or too different to count"
        )


def columns_of(version: DataVersion, paging: Paging) -> list[Column]:
    """Return one page of the columns of a table."""
    table = version.table
    if table is None:
        return []
    rows = table.rows or 0
    return [Column(one, tuple(_chart(one, rows))) for one in paging.of(table.columns)]


def _chart(column: Any, rows: int) -> Iterator[Bar]:
    """Yield the bars of a column. The bar of missing cells stands apart at the right, as a share of all cells."""
    counted = (
        _binned(column) if column.histogram is not None or column.timeline is not None else _frequent(column, rows)
    )
    room, most = WIDTH, max((entry[1] for entry in counted), default=0)
    if column.missing:
        room -= WIDTH // 8
        label = f"{column.missing:,} missing"
        yield Bar(room + 2 * _GAP, WIDTH // 8 - 2 * _GAP, _height(column.missing, rows), label, "missing")
    step = room / max(1, len(counted))
    for number, (label, count, kind) in enumerate(counted):
        yield Bar(round(number * step, 1), round(max(1.0, step - _GAP), 1), _height(count, most), label, kind)


def _height(count: int, most: int) -> float:
    """Return the height of a bar. A small count has a visible bar, too."""
    return round(min(HEIGHT, max(1.5, HEIGHT * count / most)), 1) if count > 0 and most > 0 else 0.0


Counted = tuple[str, int, str]
"""The label of a bar, its count and its kind."""


def _binned(column: Any) -> list[Counted]:
    """Return the bins. Neighbouring bins are merged if there are too many for the width."""
    names, counts = _numbers(column) if column.histogram is not None else _dates(column)
    return [
        (f"{name}: {count:,}" if count else "", count, "values") for name, count in zip(names, counts, strict=False)
    ]


def _numbers(column: Any) -> tuple[Sequence[str], Sequence[int]]:
    """Return the names of the bins of numbers, and their counts."""
    counts, width = column.histogram.counts, column.histogram.width
    while len(counts) > _MOST:
        counts, width = _merged(counts), 2 * width
    edges = [show_value(column.histogram.start + number * width) for number in range(len(counts) + 1)]
    return edges if column.type == "integer" and width == 1 else _between(edges), counts


def _dates(column: Any) -> tuple[Sequence[str], Sequence[int]]:
    """Return the names of the bins of dates and times, and their counts."""
    counts, edges = column.timeline.counts, column.timeline.edges
    while len(counts) > _MOST:
        counts, edges = _merged(counts), [*edges[:-1:2], *edges[-1:]]
    return _between(edges), counts


def _between(edges: Sequence[str]) -> list[str]:
    return [f"{low} to {high}" for low, high in pairwise(edges)]


def _merged(counts: Sequence[int]) -> list[int]:
    return [sum(counts[at : at + 2]) for at in range(0, len(counts), 2)]


def _frequent(column: Any, rows: int) -> list[Counted]:
    """Return the most frequent values, and the number of cells with any other value."""
    shown = [(entry.value, entry.count) for entry in column.frequent]
    if not shown and column.top is not None and column.top_count is not None:
        shown = [(column.top, column.top_count)]
    others = rows - column.missing - sum(count for _, count in shown)
    bars = [(f"{value}: {count:,}", count, "values") for value, count in shown]
    return [*bars, (f"others: {others:,}", others, "others")] if others > 0 else bars
