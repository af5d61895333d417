"""The usual scores from figures of each row, for bootstrap intervals, which take each score hundreds of times.

A call of scikit-learn's function spends milliseconds on checks of its input, which here is the same each time. Only
intervals use these; the score itself is scikit-learn's. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tables.datasets import Dataset

NAN = float("nan")  # of rows for which a score is not defined


def row_score(name: str, model: Any, data: Dataset) -> Callable[[Any], float] | None:
    """Return a function from positions of rows, an array of shape (n,), to their score; None for another scorer."""
    make = _MAKERS.get(name)
    return None if make is None or data.weights is not None else make(model, data)


def _accuracy(model: Any, data: Dataset) -> Callable[[Any], float]:
    hits = model.predict(data.features) == data.target.to_numpy()
    return lambda rows: float(hits[rows].mean())


def _f1_macro(model: Any, data: Dataset) -> Callable[[Any], float]:
    """Return the mean of F1 over the classes that are in the rows or in their predictions."""
    import numpy

    predicted, target = model.predict(data.features), data.target.to_numpy()
    labels = sorted({*predicted.tolist(), *target.tolist()})
    said, true = (numpy.array([column == label for label in labels]).T for column in (predicted, target))
    both = said & true

    def score(rows: Any) -> float:
        counts = said[rows].sum(0) + true[rows].sum(0)
        there = counts > 0
        return float((2 * both[rows].sum(0)[there] / counts[there]).mean())

    return score


def _neg_log_loss(model: Any, data: Dataset) -> Callable[[Any], float]:
    import numpy

    answers = model.predict_proba(data.features)
    codes = numpy.searchsorted(model.classes_, data.target.to_numpy())
    tiny = numpy.finfo(answers.dtype).eps
    losses = numpy.log(numpy.clip(answers[numpy.arange(len(codes)), codes], tiny, 1 - tiny))
    count = len(model.classes_)
    return lambda rows: float(losses[rows].mean()) if len(numpy.unique(codes[rows])) == count else NAN


def _roc_auc(model: Any, data: Dataset) -> Callable[[Any], float] | None:
    """Return the share of pairs of a row of each class that are in the right order (Mann and Whitney, 1947)."""
    from scipy.stats import rankdata

    if len(model.classes_) != 2:
        return None
    has_margin = hasattr(model, "decision_function")  # which scikit-learn's scorer asks first
    answers = model.decision_function(data.features) if has_margin else model.predict_proba(data.features)[:, 1]
    positive = data.target.to_numpy() == model.classes_[1]

    def score(rows: Any) -> float:
        chosen = positive[rows]
        count = int(chosen.sum())
        if count in (0, len(chosen)):
            return NAN
        above = rankdata(answers[rows])[chosen].sum() - count * (count + 1) / 2
        return float(above / (count * (len(chosen) - count)))

    return score


def _r2(model: Any, data: Dataset) -> Callable[[Any], float]:
    target = data.target.to_numpy().astype(float)
    squares = (target - model.predict(data.features)) ** 2

    def score(rows: Any) -> float:
        spread = ((target[rows] - target[rows].mean()) ** 2).sum()
        return float(1 - squares[rows].sum() / spread) if spread else NAN

    return score


def _neg_root_mean_squared_error(model: Any, data: Dataset) -> Callable[[Any], float]:
    squares = (data.target.to_numpy() - model.predict(data.features)) ** 2
    return lambda rows: float(-(squares[rows].mean() ** 0.5))


def _neg_mean_absolute_error(model: Any, data: Dataset) -> Callable[[Any], float]:
    errors = abs(data.target.to_numpy() - model.predict(data.features))
    return lambda rows: float(-errors[rows].mean())


_MAKERS: dict[str, Callable[[Any, Dataset], Callable[[Any], float] | None]] = {
    "accuracy": _accuracy,
    "f1_macro": _f1_macro,
    "neg_log_loss": _neg_log_loss,
    "roc_auc": _roc_auc,
    "r2": _r2,
    "neg_root_mean_squared_error": _neg_root_mean_squared_error,
    "neg_mean_absolute_error": _neg_mean_absolute_error,
}
