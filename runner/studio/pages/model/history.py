"""The metrics of a model over its versions."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from runner.api import ModelVersion

_METRICS = 200  # that can be chosen


def numbers_of(versions: Sequence[ModelVersion], last: Collection[str] = ()) -> dict[str, list[tuple[int, float]]]:
    """Return the versions and values of each numeric metric.

    The metrics that most versions have come first. Metrics whose names are in `last` come last.
    """
    values: dict[str, list[tuple[int, float]]] = {}
    for version in versions:
        for name, value in version.metrics.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                values.setdefault(name, []).append((version.version, float(value)))
    order = sorted(values, key=lambda name: (name.lower() in last, -len(values[name])))
    return {name: values[name] for name in order[:_METRICS]}
