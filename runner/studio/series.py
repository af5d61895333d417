"""Makes long curves short enough to draw, without losing a peak.

A chart is some hundred pixels wide. The points are divided into as many equal parts, and the smallest and largest
point of each part are kept in their order. The chart looks as if every point were drawn.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

Curve = tuple[Sequence[float], Sequence[float]]
COLUMNS = 700


def thin(x: Sequence[float], y: Sequence[float], columns: int = COLUMNS) -> Curve:
    """Return the smallest and largest point of each of `columns` equal parts, a gap (NaN) of each, and both ends."""
    count = len(y)
    if count <= 2 * columns:
        return x, y
    kept = [0]
    for number in range(columns):
        begin, end = number * count // columns, (number + 1) * count // columns
        kept += [at for at in _extremes(y, begin, end) if at > kept[-1]]
    if kept[-1] != count - 1:
        kept.append(count - 1)
    return [x[at] for at in kept], [y[at] for at in kept]


def _extremes(y: Sequence[float], begin: int, end: int) -> list[int]:
    """Return the positions of the smallest and largest value, and of the first NaN."""
    part = y[begin:end]
    # One sum is faster than a test of each value. It is also NaN if there are infinities of both signs.
    gaps = [at for at, value in enumerate(part) if math.isnan(value)] if math.isnan(sum(part)) else []
    values = [value for value in part if not math.isnan(value)] if gaps else part
    positions = {begin + part.index(min(values)), begin + part.index(max(values))} if values else set[int]()
    positions.update(begin + at for at in gaps[:1])
    return sorted(positions)


def between(x: Sequence[float], y: Sequence[float], first: float, last: float) -> Curve:
    """Return the part of a curve from `first` to `last`, with one more point on each side if `x` is sorted."""
    if all(before <= after for before, after in pairwise(x)):
        begin, end = max(0, bisect_left(x, first) - 1), bisect_right(x, last) + 1
        return x[begin:end], y[begin:end]
    chosen = [at for at, position in enumerate(x) if first <= position <= last]
    return [x[at] for at in chosen], [y[at] for at in chosen]


def smooth(y: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average of values. The larger the weight, which is below 1, the smoother the curve.

    The average is divided by the sum of its weights, so it does not start at zero.
    """
    averages, total, weights = [], 0.0, 0.0
    for value in y:
        if math.isfinite(value):
            total, weights = total * weight + value, weights * weight + 1
        averages.append(total / weights if weights else math.nan)
    return averages


def plain(values: Sequence[float]) -> list[float | None]:
    """Return numbers for JSON, which has no NaN and no infinity. They become None, which charts draw as gaps."""
    return [value if math.isfinite(value) else None for value in values]
