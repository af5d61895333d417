"""Reads ``metrics.jsonl``: kinds of metrics, last values and series.

A line is ``{"name", "value", "step", "time", "kind"}``, see `runner.worker.observe.metrics`. JSON has no NaN: such a
number is one of the texts ``NaN``, ``Infinity`` and ``-Infinity``, in these lines and in records.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

Line = Mapping[str, Any]
_ONE = (None, "scalar")  # kinds with one value per line, which replaces the previous one
_SERIES = (*_ONE, "list")  # kinds whose values form one series
MOVED = "moved"  # a line without a value: earlier values of the name belong to a child run
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def last_values(lines: Iterable[Line]) -> dict[str, Any]:
    """Return the last value of each metric that is a number, a text or a boolean.

    Lists, rows and tables have no last value.
    """
    found: dict[str, Any] = {}
    for line in lines:
        found.pop(line["name"], None)
        if line.get("kind") in _ONE and not isinstance(line.get("value"), list | dict):
            found[line["name"]] = line.get("value")
    return found


def numbers_of(line: Line) -> list[float]:
    """Return the numbers that a line adds to a series, NaN for those that are not finite."""
    return _numbers(line.get("value")) if line.get("kind") in _SERIES else []


def as_number(value: object) -> float | None:
    """Return a metric's value as a number, or None if it is not one."""
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
