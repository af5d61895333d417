"""Forests without joblib: one tree after the other, added in scikit-learn's order."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

Path = Callable[[np.ndarray], Any]
_FEW = 32  # rows; fewer than the probes at each load, so that both branches are checked
_CLASSIFIERS, _REGRESSORS = (
    ("RandomForestClassifier", "ExtraTreesClassifier"),
    ("RandomForestRegressor", "ExtraTreesRegressor"),
)


def forest_paths(model: Any) -> dict[str, Path]:
    """Return the fast paths of a fitted forest with one output.

    A forest's ``predict_proba`` is the sum of its trees' probabilities in the order of the trees, divided by their
    number. Its ``predict`` takes the first of the largest. For one row this takes a tenth of the plain call's time.
    """
    name, module = type(model).__name__, type(model).__module__
    if not module.startswith("sklearn.ensemble") or getattr(model, "n_outputs_", 0) != 1:
        return {}
    trees = [tree.tree_ for tree in model.estimators_]
    if name in _CLASSIFIERS:
        return _classifier(model, trees)
    if name in _REGRESSORS:
        return {"predict": _regressor(model, trees)}
    return {}


def _as_float32(rows: np.ndarray) -> np.ndarray | None:
    """Return rows in float32, as trees compare them, or None if a number is too large, so that the model refuses it."""
    cut = np.ascontiguousarray(rows, dtype=np.float32)
    return None if not math.isfinite(cut.sum()) and np.isinf(cut).any() else cut


def _classifier(model: Any, trees: list[Any]) -> dict[str, Path]:
    classes = model.classes_
    walks, number, width = [tree.predict for tree in trees], len(trees), len(classes)
    few = _Leaves(trees, width)

    def predict_proba(rows: np.ndarray) -> Any:
        cut = _as_float32(rows)
        if cut is None:
            return model.predict_proba(rows)
        if len(cut) <= _FEW:
            return few.values(cut).sum(axis=0) / number
        total = np.zeros((len(cut), width))
        for walk in walks:
            total += walk(cut)[:, :width]
        return total / number

    def predict(rows: np.ndarray) -> Any:
        return classes.take(np.argmax(predict_proba(rows), axis=1), axis=0)

    def predict_log_proba(rows: np.ndarray) -> Any:
        return np.log(predict_proba(rows))

    return {"predict": predict, "predict_proba": predict_proba, "predict_log_proba": predict_log_proba}


def _regressor(model: Any, trees: list[Any]) -> Path:
    walks, number = [tree.predict for tree in trees], len(trees)
    few = _Leaves(trees, 1)

    def predict(rows: np.ndarray) -> Any:
        cut = _as_float32(rows)
        if cut is None:
            return model.predict(rows)
        if len(cut) == 1:  # NumPy sums a single column pairwise, which gives other bits
            return np.array([functools.reduce(operator.add, few.values(cut).ravel().tolist())]) / number
        if len(cut) <= _FEW:
            return few.values(cut)[:, :, 0].sum(axis=0) / number
        total = np.zeros(len(cut))
        for walk in walks:
            total += walk(cut)[:, 0]
        total /= number
        return total

    return predict


class _Leaves:
    """The values of all leaves in one array, so that a few rows need one look-up instead of one per tree."""

    def __init__(self, trees: list[Any], width: int) -> None:
        self._walks = [tree.apply for tree in trees]
        self._starts = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])[:, None]
        self._values = np.concatenate([tree.value[:, 0, :width] for tree in trees])

    def values(self, cut: np.ndarray) -> np.ndarray:
        """Return the values of the leaves that rows end in, of shape (trees, rows, width)."""
        leaves = np.array([walk(cut) for walk in self._walks])
        values: np.ndarray = self._values.take(leaves + self._starts, axis=0)
        return values
