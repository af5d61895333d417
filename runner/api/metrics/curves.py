"""Curves of a metric: its values over the steps, few enough to draw."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.charts.columns import thin

if TYPE_CHECKING:
    from runner.layout import RunLayout

Points = list[tuple[float, float]]
STEP, COUNT = "step", "values logged"
_BUCKETS = 150  # so that 500 runs are not more than 150,000 points
_KEPT = 4000
_cache: OrderedDict[Any, tuple[Points, bool]] = OrderedDict()


def curves_of(folders: Iterable[tuple[str, RunLayout]], metric: str) -> tuple[str, dict[str, Points]]:
    """Return what the values are over, and the points of each run that has logged the metric.

    The values are over the logged steps if every run has them, otherwise over their number.
    """
    curves = {run_id: _read(folder.metrics, metric) for run_id, folder in folders}
    known = {run_id: (points, stepped) for run_id, (points, stepped) in curves.items() if points}
    by_step = bool(known) and all(stepped for _, stepped in known.values())
    return STEP if by_step else COUNT, {
        run_id: points if by_step or not stepped else [(float(at), value) for at, (_, value) in enumerate(points)]
        for run_id, (points, stepped) in known.items()
    }


def _read(path: Path, metric: str) -> tuple[Points, bool]:
    """Return thinned points, and whether they are over steps. An unchanged file is read once."""
    from runner.errors import UserError

    try:
        stat = path.stat()
        key = (path, metric, stat.st_mtime_ns, stat.st_size)
        known = _cache.get(key)
        if known is None:
            known = _cache[key] = _points(path, metric)
            while len(_cache) > _KEPT:  # another thread may have removed this one, too
                _cache.popitem(last=False)
        return known
    except (OSError, UserError):  # no metrics, or a file that cannot be read: the other runs are drawn
        return [], False


def _points(path: Path, metric: str) -> tuple[Points, bool]:
    from runner.api.metrics.series import metric_series

    entries = [entry for entry in metric_series(path).get(metric, []) if _is_number(entry["value"])]
    stepped = all(_is_number(entry["step"]) for entry in entries)
    places = [float(entry["step"]) if stepped else float(at) for at, entry in enumerate(entries)]
    points = list(zip(places, (float(entry["value"]) for entry in entries), strict=True))
    return thin(sorted(points, key=lambda point: point[0]), _BUCKETS), stepped


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
