"""Bootstrap intervals of scores. The model is not fitted again: rows of the holdout are drawn with replacement."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from ..datasets import Dataset

RESAMPLES = 200
_SHARES = (2.5, 97.5)  # percentiles
_METHODS = ("predict", "predict_proba", "decision_function")


class _Replayed:
    """A fitted model that has answered for all rows. It is called with positions of rows in place of the rows."""

    def __init__(self, model: Any, features: Any) -> None:
        self._model, self._features = model, features
        self._answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)
        if name not in _METHODS:
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

    Whole groups are drawn where there are groups.
    """
    import numpy

    draw = numpy.random.default_rng(seed)
    clusters, replayed = _clusters(data), _Replayed(model, data.features)
    target = data.target.to_numpy()
    weights = None if data.weights is None else data.weights.to_numpy()
    found: dict[str, list[float]] = {name: [] for name in scorers}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of resamples that lack a class
        for _ in range(RESAMPLES):
            chosen = draw.integers(0, len(clusters), len(clusters))
            rows = numpy.concatenate([clusters[number] for number in chosen])
            options = {} if weights is None else {"sample_weight": weights[rows]}
            for name, scorer in scorers.items():
                try:
                    value = float(scorer(replayed, rows, target[rows], **options))
                except ValueError:  # a class is missing, so this score is not defined
                    continue
                if value == value:
                    found[name].append(value)
    return {name: _interval(values) for name, values in found.items()}


def _clusters(data: Dataset) -> Any:
    import numpy

    if data.groups is None:
        return [numpy.array([number]) for number in range(len(data))]
    codes = data.groups.to_numpy()
    return [numpy.flatnonzero(codes == one) for one in data.groups.unique()]


def _interval(values: Any) -> Any:
    import numpy

    return None if not values else tuple(float(value) for value in numpy.percentile(values, _SHARES))
