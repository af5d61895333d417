"""What the lines of ``metrics.jsonl`` say: the kinds of metrics, their last values, the numbers of one.

A line is ``{"name", "value", "step", "time", "kind"}``, see `runner.worker.observe.metrics`. JSON has no NaN: such a
number is one of the texts ``NaN``, ``Infinity`` and ``-Infinity``, in these lines and in records.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

Line = Mapping[str, Any]
_ONE = (None, "scalar")  # kinds of which a line is one value, which replaces the one before
_SERIES = (*_ONE, "list")  # kinds whose values are those of one series
MOVED = "moved"  # a line without a value: what was logged under the name before belongs to a child
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def last_values(lines: Iterable[Line]) -> dict[str, Any]:
    """Return the last value of each metric that is a single value: a number, a text, a truth value.

    What was logged as a list, a row or a table has no last value.
    """
    found: dict[str, Any] = {}
    for line in lines:
        found.pop(line["name"], None)
        if line.get("kind") in _ONE and not isinstance(line.get("value"), list | dict):
            found[line["name"]] = line.get("value")
    return found


def numbers_of(line: Line) -> list[float]:
    """Return the numbers that a line adds to a series; those that are not finite are NaN."""
    return _numbers(line.get("value")) if line.get("kind") in _SERIES else []


def as_number(value: object) -> float | None:
    """Return a metric's value as a number, None where it is none."""
    found = _numbers(value) if not isinstance(value, list) else []
    return found[0] if found else None


def _numbers(value: object) -> list[float]:
    if isinstance(value, list):
        return [one for item in value for one in _numbers(item)]
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [float(value)]
    return [math.nan] if value in _NOT_FINITE else []
