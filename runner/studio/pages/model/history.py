"""How a model's metrics went over its versions."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from runner.api import ModelVersion

_METRICS = 200


def numbers_of(versions: Sequence[ModelVersion], last: Collection[str] = ()) -> dict[str, list[tuple[int, float]]]:
    """Return each metric that is a number: the version and the value.

    Those of most versions come first, and those with names of `last` come last.
    """
    found: dict[str, list[tuple[int, float]]] = {}
    for one in versions:
        for name, value in one.metrics.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                found.setdefault(name, []).append((one.version, float(value)))
    order = sorted(found, key=lambda name: (name.lower() in last, -len(found[name])))
    return {name: found[name] for name in order[:_METRICS]}
