"""The curve of a metric, short enough to draw in a cell."""

from __future__ import annotations

import math

from runner.api import Run
from runner.studio.series import thin

_COLUMNS = 60


def points(run: Run, metric: str) -> list[list[float]]:
    """Return steps and values, without any that are not finite.

    Raises
    ------
    UserError
        If the run has no such metric.
    """
    steps, values = list[float](), list[float]()
    for at, point in enumerate(run.history(metric)[metric]):
        value, step = point["value"], point.get("step")
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            steps.append(float(at if step is None else step))
            values.append(float(value))
    return [list(one) for one in zip(*thin(steps, values, _COLUMNS), strict=True)]
