"""Summarizes a table in one pass over one or several files."""

import json
from collections import Counter

from .columns import Column, cells_of, counted_at_most, kind_of, kind_of_json, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

_HEAD_ROWS, _HEAD_CELLS = 20, 2000


class Table:
    """The columns and the first rows read so far."""

    def __init__(self) -> None:
        self.rows = 0
        self.notes: "List[str]" = []
        self.head: "List[List[str]]" = []
        self._columns: "Dict[Tuple[str, int], Column]" = {}
        self._seen: "Dict[Tuple[str, int], int]" = {}

    def columns_of(self, names: "List[str]") -> "List[Column]":
        """Return the columns with these names. A name that occurs twice has two columns."""
        many: "Counter[str]" = Counter()
        keys = []
        counted = counted_at_most(len(names))
        for name in names:
            many[name] += 1
            key = name, many[name]
            if key not in self._columns:
                self._columns[key] = Column(name, counted)
                self._seen[key] = 0
            keys.append(key)
        self._keys = keys
        return [self._columns[key] for key in keys]

    def took(self, rows: int) -> None:
        """Count rows whose values were added to the columns of the last `columns_of`."""
        self.rows += rows
        for key in self._keys:
            self._seen[key] += rows

    def add_rows(self, names: "List[str]", rows: "List[List[Any]]", typed: bool) -> None:
        """Add rows of texts or, if `typed`, of JSON values."""
        columns = self.columns_of(names)
        add = _add_values if typed else _add_texts
        for column, values in zip(columns, zip(*rows)):
            add(column, values)
        self.took(len(rows))
        self.keep_head(names, (cells_of(map(text_of, row)) for row in rows[:_HEAD_ROWS]))

    def wants_head(self, width: int) -> int:
        """Return how many more first rows to keep."""
        return max(0, min(_HEAD_ROWS, max(1, _HEAD_CELLS // max(width, 1))) - len(self.head))

    def keep_head(self, names: "List[str]", rows: "Any") -> None:
        """Keep some first rows, each cell in its column."""
        if not self.wants_head(len(names)):
            return
        places = {key: at for at, key in enumerate(self._columns)}
        for row in rows:
            if not self.wants_head(len(names)):
                return
            filled = [""] * len(self._columns)
            for key, cell in zip(self._keys, row):
                filled[places[key]] = cell
            self.head.append(filled)

    def described(self) -> "Dict[str, Any]":
        """Return the table as plain data."""
        for key, column in self._columns.items():
            column.missing += self.rows - self._seen[key]
            self._seen[key] = self.rows
        width = len(self._columns)
        return {
            "rows": self.rows,
            "columns": [column.described() for column in self._columns.values()],
            "head": [row + [""] * (width - len(row)) for row in self.head],
            "notes": self.notes,
        }


def _add_texts(column: "Column", values: "Any") -> None:
    for text, count in Counter(values).items():
        kind, value = kind_of(text)
        column.add(kind, value, text, count)


def _add_values(column: "Column", values: "Any") -> None:
    for (kind, value), count in Counter(map(kind_of_json, values)).items():
        column.add(kind, value, text_of(value), count)


def text_of(value: "Any") -> str:
    """Return a JSON value as the text of a cell."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return str(plain(value))
    return json.dumps(value, sort_keys=True)
