"""Turns the charts that Azure ML's `Run.log_*` methods write into numbers to draw.

Each is a mapping ``{"schema_type", "schema_version", "data"}`` that a script wrote, so it may contain anything. Data
that does not follow the schema is shown as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

_CLASSES = 100
_BINS = 1000  # numbers of a list that are drawn


def chart(kind: str, value: Any) -> dict[str, Any] | None:
    """Return the numbers of a logged chart, or None if its data does not follow the schema of its kind."""
    data = value.get("data") if isinstance(value, Mapping) else None
    if kind not in _CHARTS or not isinstance(data, Mapping):
        return None
    try:
        return {"kind": kind, **_CHARTS[kind](data)}
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None


def _confusion_matrix(data: Mapping[str, Any]) -> dict[str, Any]:
    matrix = [_numbers(row) for row in data["matrix"]]
    labels = [str(label) for label in data["class_labels"]]
    if len(labels) > _CLASSES or {len(matrix), *map(len, matrix)} != {len(labels)}:
        raise ValueError("not a square matrix with a label for each row")
    shares = [[count / sum(row) if sum(row) else 0.0 for count in row] for row in matrix]
    return {"labels": labels, "counts": matrix, "shares": shares}


def _accuracy_table(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the curves of each class, computed from the confusion counts at each threshold.

    Thresholds that are percentiles of other confidences say nothing of calibration.
    """
    labels = [str(label) for label in data["class_labels"]]
    kind = "probability" if "probability_tables" in data else "percentile"
    tables = data[f"{kind}_tables"]
    thresholds = _numbers(data["probability_thresholds"]) if kind == "probability" else []
    if len(labels) > _CLASSES or len(tables) != len(labels):
        raise ValueError("not a table for each class")
    by_class = [[_numbers(row) for row in table[:_BINS]] for table in tables]
    return {"classes": [_class_curves(label, rows, thresholds) for label, rows in zip(labels, by_class, strict=True)]}


def _class_curves(label: str, rows: Sequence[Sequence[float]], thresholds: Sequence[float]) -> dict[str, Any]:
    """Return ROC, precision and recall, lift and calibration. A row is TP, FP, TN, FN at a threshold."""
    roc, precision_recall, lift = [], [], []
    for tp, fp, tn, fn in rows:
        every, positive, predicted = tp + fp + tn + fn, tp + fn, tp + fp
        roc.append([_share(fp, fp + tn), _share(tp, positive)])
        if predicted:
            precision_recall.append([_share(tp, positive), tp / predicted])
            lift.append([_share(predicted, every), _share(tp / predicted, positive / every if every else 0.0)])
    return {
        "label": label, "roc": sorted(roc), "auc": _area(sorted(roc)), "precision_recall": sorted(precision_recall),
        "lift": sorted(lift), "calibration": _calibration(rows, thresholds),
    }  # fmt: skip


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _area(points: Sequence[Sequence[float]]) -> float:
    """Return the area below a curve from (0, 0) to (1, 1)."""
    closed = [[0.0, 0.0], *points, [1.0, 1.0]]
    return sum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in pairwise(closed))


def _calibration(rows: Sequence[Sequence[float]], thresholds: Sequence[float]) -> list[list[float]]:
    """Return the share of positives among the rows with a score in each bin of thresholds, in ten bins at most."""
    edges = [*thresholds, 1.0] if thresholds and thresholds[-1] < 1 else [*thresholds]
    steps = max(1, (len(rows) + 9) // 10)
    points = []
    for at in range(0, len(rows), steps):
        below = rows[at]
        above = rows[at + steps] if at + steps < len(rows) else (0.0, 0.0, 0.0, 0.0)
        count = (below[0] + below[1]) - (above[0] + above[1])
        if count > 0 and at < len(edges):
            top = edges[min(at + steps, len(edges) - 1)]
            points.append([(edges[at] + top) / 2, (below[0] - above[0]) / count, count])
    return points


def _residuals(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, counts = _numbers(data["bin_edges"]), _numbers(data["bin_counts"])
    # Azure also writes a count of the values beyond the last edge.
    return {"bars": _bars(edges, counts[: len(edges) - 1])}


def _predictions(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, counts = _numbers(data["bin_edges"]), _numbers(data["bin_counts"])
    averages, errors = _numbers(data["bin_averages"], gaps=True), _numbers(data["bin_errors"], gaps=True)
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    points = [
        [middle, average, error if math.isfinite(error) else 0.0]
        for middle, average, error in zip(middles, averages, errors, strict=False)
        if math.isfinite(middle) and math.isfinite(average)  # an empty bin has no average
    ]
    return {"bars": _bars(edges, counts[: len(edges) - 1]), "points": points}


def _bars(edges: Sequence[float], counts: Sequence[float]) -> list[list[float]]:
    """Return the left edge, right edge and height of each bar."""
    return [list(bar) for bar in zip(edges, edges[1:], counts, strict=False)]


def _numbers(values: Any, *, gaps: bool = False) -> list[float]:
    """Return the first numbers of a list. They are finite, because JSON has no others, unless there may be gaps."""
    if not isinstance(values, list):
        raise TypeError("not a list")
    numbers = [math.nan if gaps and value is None else float(value) for value in values[:_BINS]]
    if not gaps and not all(map(math.isfinite, numbers)):
        raise ValueError("not finite")
    return numbers


_CHARTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "confusion_matrix": _confusion_matrix,
    "accuracy_table": _accuracy_table,
    "residuals": _residuals,
    "predictions": _predictions,
}
