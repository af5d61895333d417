"""Bootstrap intervals of scores. The model is not fitted again: rows of the holdout are drawn with replacement."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ..models.answers import METHODS
from ..tables.datasets import Dataset
from .row_scores import NAN, row_score

RESAMPLES = 200
_MOST_DRAWN = 5000  # rows or groups in one resample; the time of a score grows with them
_SHARES = (2.5, 97.5)  # percentiles


class _Replayed:
    """A fitted model that has answered for all rows. It is called with positions of rows in place of the rows."""

    def __init__(self, model: Any, features: Any) -> None:
        self._model, self._features = model, features
        self._answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)
        if name not in METHODS:
            return method
        if name not in self._answers:
            self._answers[name] = method(self._features)
        answers = self._answers[name]

        def answer(rows: Dataset) -> Any:
            return answers[rows]

        answer.__name__ = name  # by which scorers tell the methods apart
        return answer


def intervals(
    model: Any, data: Dataset, scorers: Mapping[str, Any], seed: int
) -> dict[str, tuple[float, float] | None]:
    """Return the 95 % interval of each score, as low and high, None if no resample has a score.

    Whole groups are drawn where there are groups. Of more than 5,000 rows or groups, each resample draws 5,000, and
    the interval is made narrower by the square root of their share: the m out of n bootstrap (Bickel, Goetze and
    van Zwet, Statistica Sinica 7, 1997).
    """
    import numpy

    draw = numpy.random.default_rng(seed)
    groups, replayed = _groups(data), _Replayed(model, data.features)
    count = len(data) if groups is None else len(groups)
    drawn = min(count, _MOST_DRAWN)
    scores = {name: row_score(name, model, data) or _scored(scorer, replayed, data) for name, scorer in scorers.items()}
    found: dict[str, list[float]] = {name: [] for name in scorers}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of resamples that lack a class
        for _ in range(RESAMPLES):
            rows = draw.integers(0, count, drawn)
            if groups is not None:
                rows = numpy.concatenate([groups[number] for number in rows])
            for name, score in scores.items():
                value = score(rows)
                if value == value:
                    found[name].append(value)
    return {name: _interval(values, drawn / count) for name, values in found.items()}


def _scored(scorer: Any, replayed: _Replayed, data: Dataset) -> Callable[[Any], float]:
    """Return a function from positions of rows to scikit-learn's score of them."""
    target = data.target.to_numpy()
    weights = None if data.weights is None else data.weights.to_numpy()

    def score(rows: Any) -> float:
        options = {} if weights is None else {"sample_weight": weights[rows]}
        try:
            return float(scorer(replayed, rows, target[rows], **options))
        except ValueError:  # a class is missing
            return NAN

    return score


def _groups(data: Dataset) -> list[Any] | None:
    """Return the positions of the rows of each group, None if there are no groups."""
    import numpy
    import pandas

    if data.groups is None:
        return None
    codes = pandas.factorize(data.groups, use_na_sentinel=False)[0]
    return numpy.split(numpy.argsort(codes, kind="stable"), numpy.cumsum(numpy.bincount(codes))[:-1])


def _interval(values: Any, share: float) -> Any:
    import numpy

    if not values:
        return None
    low, high = numpy.percentile(values, _SHARES)
    middle = numpy.mean(values) if share < 1 else 0.0
    narrower = share**0.5
    return float(middle + (low - middle) * narrower), float(middle + (high - middle) * narrower)
