"""The curve of a metric, short enough to draw in a cell."""

from __future__ import annotations

import math

from runner.api import Run

_BUCKETS = 60


def points(run: Run, metric: str) -> list[list[float]]:
    """Return steps and values: the smallest and the largest of each of some equal parts, so that no peak is lost.

    Raises
    ------
    UserError
        If the run has no such metric.
    """
    values = []
    for at, point in enumerate(run.history(metric)[metric]):
        value, step = point["value"], point.get("step")
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            values.append([float(at if step is None else step), float(value)])
    return thin(values, _BUCKETS)


def thin(values: list[list[float]], buckets: int) -> list[list[float]]:
    """Return the smallest and the largest value of each bucket, in their order."""
    if len(values) <= 2 * buckets:
        return values
    kept = []
    for number in range(buckets):
        part = values[number * len(values) // buckets : (number + 1) * len(values) // buckets]
        low, high = min(part, key=lambda one: one[1]), max(part, key=lambda one: one[1])
        kept += sorted([low, high], key=lambda one: one[0]) if low is not high else [low]
    return kept
