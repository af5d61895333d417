"""Makes long curves short enough to draw, without losing a peak.

A screen has some thousand columns. Of each column's points the smallest and the largest are kept, in their order, so
what is drawn looks as if every point was.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

Curve = tuple[Sequence[float], Sequence[float]]
COLUMNS = 700


def thin(x: Sequence[float], y: Sequence[float], columns: int = COLUMNS) -> Curve:
    """Return at most two points of each of some equal parts, the ends included. Gaps (NaN) stay."""
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
    """Return the positions of the smallest and largest value, and of one that is not finite."""
    part = y[begin:end]
    # The sum is quicker than asking each value, and also NaN of infinities of both signs.
    gaps = [at for at, one in enumerate(part) if math.isnan(one)] if math.isnan(sum(part)) else []
    values = [one for one in part if not math.isnan(one)] if gaps else part
    found = {begin + part.index(min(values)), begin + part.index(max(values))} if values else set[int]()
    found.update(begin + at for at in gaps[:1])
    return sorted(found)


def between(x: Sequence[float], y: Sequence[float], first: float, last: float) -> Curve:
    """Return the part of a curve from one position to another, with a point before and after it."""
    if all(one <= other for one, other in pairwise(x)):
        begin, end = max(0, bisect_left(x, first) - 1), bisect_right(x, last) + 1
        return x[begin:end], y[begin:end]
    chosen = [at for at, one in enumerate(x) if first <= one <= last]
    return [x[at] for at in chosen], [y[at] for at in chosen]


def smooth(y: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average of values; a larger weight, below 1, forgets more slowly.

    The average is divided by the sum of its weights, so it does not begin at zero.
    """
    found, total, weights = [], 0.0, 0.0
    for value in y:
        if math.isfinite(value):
            total, weights = total * weight + value, weights * weight + 1
        found.append(total / weights if weights else math.nan)
    return found


def plain(values: Sequence[float]) -> list[float | None]:
    """Return numbers for JSON, which has no NaN and no infinity: those are gaps."""
    return [one if math.isfinite(one) else None for one in values]
