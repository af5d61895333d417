"""The columns of a table as they are shown: what is known of each, and shares of its cells to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.api import DataVersion

SIZE = 200  # columns of a page
WIDTH = 120  # of a bar


@dataclass(frozen=True)
class Column:
    """A column. `top_width` and `missing_width` are the parts of a bar of `WIDTH` that stands for all its cells."""

    of: Any
    top_width: float
    missing_width: float

    @property
    def said(self) -> str:
        """The bar in words."""
        parts = [(self.top_width, "have the most frequent value"), (self.missing_width, "are missing")]
        return ", ".join(f"{width / WIDTH:.0%} {what}" for width, what in parts if width) or "all values are rare"


def columns_of(version: DataVersion, page: int) -> list[Column]:
    """Return one page of the columns of a table."""
    table = version.table
    if table is None:
        return []
    rows = table.rows or 0
    chosen = table.columns[(page - 1) * SIZE : page * SIZE]
    return [Column(one, _share(one.top_count, rows), _share(one.missing, rows)) for one in chosen]


def _share(count: int | None, rows: int) -> float:
    return round(WIDTH * min(1.0, max(0.0, count / rows)), 1) if count and rows else 0.0
