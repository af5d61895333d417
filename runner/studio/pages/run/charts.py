"""Turns the charts that Azure ML's `Run.log_*` methods write into numbers to draw.

Each is a mapping ``{"schema_type", "schema_version", "data"}`` that a script wrote, so anything may be in it. What
is not as the schema says is shown as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

_CLASSES = 100
_BINS = 1000


def chart(kind: str, value: Any) -> dict[str, Any] | None:
    """Return what to draw of a logged chart, or None if its data is not as its kind has it."""
    data = value.get("data") if isinstance(value, Mapping) else None
    if kind not in _CHARTS or not isinstance(data, Mapping):
        return None
    try:
        return {"kind": kind, **_CHARTS[kind](data)}
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None


def _confusion_matrix(data: Mapping[str, Any]) -> dict[str, Any]:
    matrix = [_numbers(row) for row in data["matrix"]]
    labels = [str(one) for one in data["class_labels"]]
    if len(labels) > _CLASSES or {len(matrix), *map(len, matrix)} != {len(labels)}:
        raise ValueError("not a square matrix with a label for each row")
    shares = [[one / sum(row) if sum(row) else 0.0 for one in row] for row in matrix]
    return {"labels": labels, "counts": matrix, "shares": shares}


def _accuracy_table(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the curves of each class, from true and false positives and negatives at each threshold."""
    labels = [str(one) for one in data["class_labels"]]
    tables, thresholds = data["probability_tables"], _numbers(data["probability_thresholds"])
    if len(labels) > _CLASSES or len(tables) != len(labels):
        raise ValueError("not a table for each class")
    by_class = [[_numbers(row) for row in table[:_BINS]] for table in tables]
    return {"classes": [_class_curves(label, rows, thresholds) for label, rows in zip(labels, by_class, strict=True)]}


def _class_curves(label: str, rows: Sequence[Sequence[float]], thresholds: Sequence[float]) -> dict[str, Any]:
    """Return ROC, precision and recall, lift and calibration. A row is TP, FP, TN, FN at a threshold."""
    roc, recall, lift = [], [], []
    for true, false, negative, missed in rows:
        every, positive, called = true + false + negative + missed, true + missed, true + false
        roc.append([_share(false, false + negative), _share(true, positive)])
        if called:
            recall.append([_share(true, positive), true / called])
            lift.append([_share(called, every), _share(true / called, positive / every if every else 0.0)])
    return {
        "label": label, "roc": sorted(roc), "auc": _area(sorted(roc)), "precision_recall": sorted(recall),
        "lift": sorted(lift), "calibration": _calibration(rows, thresholds),
    }  # fmt: skip


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _area(points: Sequence[Sequence[float]]) -> float:
    """Return the area below a curve from (0, 0) to (1, 1)."""
    closed = [[0.0, 0.0], *points, [1.0, 1.0]]
    return sum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in pairwise(closed))


def _calibration(rows: Sequence[Sequence[float]], thresholds: Sequence[float]) -> list[list[float]]:
    """Return the share that is positive of those with a score between two thresholds, ten bins at most."""
    edges = [*thresholds, 1.0] if thresholds and thresholds[-1] < 1 else [*thresholds]
    steps = max(1, (len(rows) + 9) // 10)
    found = []
    for at in range(0, len(rows), steps):
        below = rows[at]
        above = rows[at + steps] if at + steps < len(rows) else (0.0, 0.0, 0.0, 0.0)
        count = (below[0] + below[1]) - (above[0] + above[1])
        if count > 0 and at < len(edges):
            top = edges[min(at + steps, len(edges) - 1)]
            found.append([(edges[at] + top) / 2, (below[0] - above[0]) / count, count])
    return found


def _residuals(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, counts = _numbers(data["bin_edges"]), _numbers(data["bin_counts"])
    # Azure writes a count also for what is beyond the last edge.
    return {"bars": _bars(edges, counts[: len(edges) - 1])}


def _predictions(data: Mapping[str, Any]) -> dict[str, Any]:
    edges, counts = _numbers(data["bin_edges"]), _numbers(data["bin_counts"])
    averages, errors = _numbers(data["bin_averages"]), _numbers(data["bin_errors"])
    middles = [(one + other) / 2 for one, other in pairwise(edges)]
    points = [list(one) for one in zip(middles, averages, errors, strict=False)]
    return {"bars": _bars(edges, counts[: len(edges) - 1]), "points": points}


def _bars(edges: Sequence[float], counts: Sequence[float]) -> list[list[float]]:
    """Return left edge, right edge and height."""
    return [list(one) for one in zip(edges, edges[1:], counts, strict=False)]


def _numbers(values: Any) -> list[float]:
    """Return a list of numbers, no longer than a chart can show."""
    if not isinstance(values, list):
        raise TypeError("not a list")
    return [float(one) for one in values[:_BINS]]


_CHARTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "confusion_matrix": _confusion_matrix,
    "accuracy_table": _accuracy_table,
    "residuals": _residuals,
    "predictions": _predictions,
}
