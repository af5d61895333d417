"""Describes a column: its type, missing cells, smallest, largest and most frequent values, and its distribution."""

import json
import math
import re

from .histogram import Histogram
from .timeline import Timeline, moment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

MISSING = (  # as pandas reads them
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
LONGEST = 100  # characters of a shown value
_COUNTED = 1000  # distinct values of a column; with more, its most frequent values are not determined
_ALL_COUNTED = 200000  # distinct values of all columns
_FREQUENT = 10  # most frequent values to keep
_DIGITS = 300  # of a number; a longer one is a text
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z|[+-]?[iI]nf(inity)?\Z")
_MISSING = frozenset(MISSING)


def kind_of(text: str) -> "Tuple[str, Any]":
    """Return the type and the value of a cell that is a text."""
    if text in _MISSING:
        return "empty", None
    if _INTEGER.match(text) and len(text) <= _DIGITS:
        return "integer", int(text)
    if _NUMBER.match(text) and len(text) <= _DIGITS:
        return "number", float(text)
    if text in TRUE or text in FALSE:
        return "boolean", text in TRUE
    return _kind_of_text(text), text


def _kind_of_text(text: str) -> str:
    moment = moment_of(text)
    return "text" if moment is None else moment[0]


def kind_of_json(value: "Any") -> "Tuple[str, Any]":
    """Return the type of a JSON value, and the value in the form used for comparison."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "empty", None
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, (int, float)):
        return ("integer" if isinstance(value, int) else "number"), value
    if isinstance(value, str):
        return _kind_of_text(value), value
    return "object", json.dumps(value, sort_keys=True)


def counted_at_most(columns: int) -> int:
    """Return how many distinct values of each column to count."""
    return max(20, min(_COUNTED, _ALL_COUNTED // max(columns, 1)))


class Column:
    """A summary of a column, which grows as rows are read."""

    def __init__(self, name: str, counted: int = _COUNTED) -> None:
        self.name, self.missing = name, 0
        self._kinds: "Set[str]" = set()
        self._numbers: "Optional[Tuple[Any, Any]]" = None
        self._texts: "Optional[Tuple[str, str]]" = None
        self._counts: "Optional[Dict[Any, int]]" = {}
        self._counted = counted
        self.histogram, self.timeline = Histogram(), Timeline()

    def add(self, kind: str, value: "Any", shown: str, count: int) -> None:
        """Add a value that occurs `count` times."""
        if kind == "empty":
            self.missing += count
            return
        self.extend(kind, value, value, shown, shown)
        if kind in ("integer", "number"):
            self.histogram.add(value, count)
        if kind in ("date", "time"):
            self.timeline.add(value, count)
        if self._counts is not None:
            self.count([(shown, count)])

    def extend(self, kind: str, low: "Any", high: "Any", low_text: str, high_text: str) -> None:
        """Add the smallest and the largest of some values."""
        self._kinds.add(kind)
        if kind in ("integer", "number"):
            self._numbers = _between(self._numbers, low, high)
        self._texts = _between(self._texts, low_text[:LONGEST], high_text[:LONGEST])

    def count(self, values: "Optional[Iterable[Tuple[Any, int]]]") -> None:
        """Add counts of values. None, or too many distinct values, ends the counting."""
        if self._counts is None:
            return
        for value, count in values or ():
            self._counts[value] = self._counts.get(value, 0) + count
        if values is None or len(self._counts) > self._counted:
            self._counts = None

    def is_counted(self) -> bool:
        """Return whether values are still being counted."""
        return self._counts is not None

    def type(self) -> str:
        """Return the narrowest type that fits all values."""
        if not self._kinds:
            return "empty"
        if len(self._kinds) == 1:
            return next(iter(self._kinds))
        if self._kinds <= {"integer", "number"}:
            return "number"
        return "time" if self._kinds <= {"date", "time"} else "object" if "object" in self._kinds else "text"

    def described(self) -> "Dict[str, Any]":
        """Return the column as plain data."""
        kind = self.type()
        ends = self._numbers if kind in ("integer", "number") else self._texts
        if kind == "object":
            ends = None
        frequent = self._frequent()
        top = frequent[0] if frequent else None
        return {
            "name": self.name,
            "type": kind,
            "missing": self.missing,
            "min": None if ends is None else plain(ends[0]),
            "max": None if ends is None else plain(ends[1]),
            "top": None if top is None else top[0],
            "top_count": None if top is None else top[1],
            "distinct": None if self._counts is None else len(self._counts),
            "histogram": self._histogram(kind),
            "timeline": self.timeline.described(kind) if kind in ("date", "time") else None,
            "frequent": [{"value": value, "count": count} for value, count in frequent],
        }

    def _histogram(self, kind: str) -> "Optional[Dict[str, Any]]":
        if kind not in ("integer", "number"):
            return None
        return self.histogram.described(0 if kind == "integer" else None)

    def _frequent(self) -> "List[Tuple[str, int]]":
        """Return the most frequent values with their counts. Empty if there are too many distinct values."""
        most = sorted((self._counts or {}).items(), key=lambda item: (-item[1], str(item[0])))[:_FREQUENT]
        return [(str(value)[:LONGEST], count) for value, count in most]


def _between(known: "Any", low: "Any", high: "Any") -> "Any":
    if known is None:
        return low, high
    return (low if low < known[0] else known[0]), (high if high > known[1] else known[1])


def plain(value: "Any") -> "Any":
    """Return a value that records can hold. Infinities and integers beyond 64 bits become texts."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) < value < 2**63 else str(value)[:LONGEST]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)[:LONGEST]


def cells_of(row: "Iterable[Any]") -> "List[str]":
    """Return a row's values as short texts."""
    return ["" if value is None else str(value)[: 2 * LONGEST] for value in row]
