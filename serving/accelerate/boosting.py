"""Histogram gradient boosting without scikit-learn's checks: the baseline plus the trees in scikit-learn's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Path = Callable[[np.ndarray], Any]


def boosting_paths(model: Any) -> dict[str, Path]:
    """Return the fast paths of a fitted ``HistGradientBoosting*`` without categorical columns."""
    name = type(model).__name__
    if name not in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"):
        return {}
    if getattr(model, "is_categorical_", None) is not None and np.any(model.is_categorical_):
        return {}
    raw = _raw(model)
    loss = model._loss
    if name == "HistGradientBoostingRegressor":
        return {"predict": lambda rows: loss.link.inverse(raw(rows).ravel())}
    classes = model.classes_

    def predict_proba(rows: np.ndarray) -> Any:
        return loss.predict_proba(raw(rows))

    def predict(rows: np.ndarray) -> Any:
        values = raw(rows)
        if values.shape[1] == 1:
            return classes[(values.ravel() > 0).astype(int)]
        return classes[np.argmax(values, axis=1)]

    def decision_function(rows: np.ndarray) -> Any:
        values = raw(rows)
        return values.ravel() if values.shape[1] == 1 else values

    return {"predict": predict, "predict_proba": predict_proba, "decision_function": decision_function}


def _raw(model: Any) -> Path:
    from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data

    bitsets, places = model._bin_mapper.make_known_categories_bitsets()
    width = model.n_trees_per_iteration_
    calls = [
        (at, tree.nodes, tree.raw_left_cat_bitsets) for trees in model._predictors for at, tree in enumerate(trees)
    ]
    baseline = model._baseline_prediction

    def raw(rows: np.ndarray) -> np.ndarray:
        rows = np.asarray(rows, dtype=np.float64)
        total = np.zeros((len(rows), width), dtype=baseline.dtype, order="F")
        total += baseline
        out = np.empty(len(rows))
        for at, nodes, left in calls:
            _predict_from_raw_data(nodes, rows, left, bitsets, places, 1, out)
            total[:, at] += out
        return total

    return raw
