"""The axes of charts: numeric, or with a level for each text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from runner.console.format import show_value

_DECADES = 2.0  # an axis is logarithmic if its values span more


def number(value: Any) -> float | None:
    """Return a value as a finite number, or None. A text counts too, because command-line arguments are texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def is_log(values: Iterable[float | None]) -> bool:
    """Return whether the axis of some numbers is logarithmic."""
    known = [value for value in values if value is not None]
    return bool(known) and min(known) > 0 and math.log10(max(known) / min(known)) > _DECADES


def axis(name: str, key: str, known: Sequence[Any], show: Callable[[Any], str] = show_value) -> dict[str, Any]:
    """Return the axis of some values: numeric if all of them are numbers, otherwise with a level for each text.

    Parameters
    ----------
    name, key : str
        The label of the axis, and its identifier.
    known : sequence
        The values that are not missing.
    show : callable
        Returns a value's text.
    """
    numbers = [number(value) for value in known]
    if known and None not in numbers:
        return {"name": name, "key": key, "log": is_log(numbers), "levels": None}
    return {"name": name, "key": key, "log": False, "levels": sorted({show(value) for value in known})}


def place(value: Any, of: dict[str, Any], show: Callable[[Any], str] = show_value) -> float | str | None:
    """Return a value as it is drawn on an axis: a number, or the name of a level."""
    return number(value) if of["levels"] is None else show(value)


def thin(points: Sequence[tuple[float, float]], buckets: int) -> list[tuple[float, float]]:
    """Return the smallest and the largest value of each bucket in their order, so that no peak is lost."""
    if len(points) <= 2 * buckets:
        return list(points)
    kept: list[tuple[float, float]] = []
    for at in range(buckets):
        part = points[at * len(points) // buckets : (at + 1) * len(points) // buckets]
        low, high = min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])
        kept += sorted({low, high})
    return kept
