"""Reads ``metrics.jsonl``: kinds of metrics, last values and series.

A line is ``{"name", "value", "step", "time", "kind"}``, see `runner.worker.observe.metrics`. JSON has no NaN: such a
number is one of the texts ``NaN``, ``Infinity`` and ``-Infinity``, in these lines and in records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.console.format import show_value

Line = Mapping[str, Any]
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True)
class Kind:
    """The properties of one kind of line.

    Parameters
    ----------
    replaces : bool
        Whether a line replaces the value of the line before, so that the metric has a last value.
    series : bool
        Whether the numbers of its lines form a series.
    removes : bool
        Whether a line has no value and removes those before it.
    show : callable
        Returns a line's value as ``vivero metrics`` shows it.
    """

    replaces: bool = False
    series: bool = False
    removes: bool = False
    show: Callable[[Any], str] = show_value


def _show_image(value: Any) -> str:
    """Return the path of a picture in outputs."""
    return show_value(value.get("image", value) if isinstance(value, Mapping) else value)


KINDS = {
    "scalar": Kind(replaces=True, series=True),
    "list": Kind(series=True),  # a line for each item
    "row": Kind(),
    "table": Kind(),  # a line for each row
    "image": Kind(show=_show_image),
    "confusion_matrix": Kind(),
    "accuracy_table": Kind(),
    "residuals": Kind(),
    "predictions": Kind(),
    "moved": Kind(removes=True),  # the values belong to a child run
}
_UNKNOWN = Kind()  # from a later release


def kind_of(line: Line) -> Kind:
    """Return the kind of a line. A line without a kind is a scalar."""
    name = line.get("kind")
    return KINDS["scalar"] if name is None else KINDS.get(name, _UNKNOWN)


def last_values(lines: Iterable[Line], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the last value of each metric that is a number, a text or a boolean.

    Lists, rows and tables have no last value.

    Parameters
    ----------
    before : mapping, optional
        The last values of the lines before these.
    """
    values = dict(before or {})
    for line in lines:
        values.pop(line["name"], None)
        if kind_of(line).replaces and not isinstance(line.get("value"), list | dict):
            values[line["name"]] = line.get("value")
    return values


def numbers_of(line: Line) -> list[float]:
    """Return the numbers that a line adds to a series, NaN for those that are not finite."""
    return _numbers(line.get("value")) if kind_of(line).series else []


def as_number(value: object) -> float | None:
    """Return a metric's value as a number, or None if it is not one."""
    numbers = _numbers(value) if not isinstance(value, list) else []
    return numbers[0] if numbers else None


def _numbers(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [float(value)]
    return [math.nan] if value in _NOT_FINITE else []
