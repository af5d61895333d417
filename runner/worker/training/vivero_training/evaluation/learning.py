"""A learning curve: the first score by the number of training rows, which shows whether more rows would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..mistakes import Mistake
from ..models.fitting import fit, score
from ..tables.datasets import Dataset

_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


def learning_curve(model: Any, rows: Dataset, splits: Sequence[Any], scorer: Any, seed: int) -> dict[str, list[Any]]:
    """Return a table of training rows and mean scores on the parts fitted and not fitted to.

    The parts are those of scikit-learn's ``learning_curve`` with ``shuffle=True``; weights and groups are used, too.

    Returns
    -------
    dict
        ``rows``, ``score`` and ``training_score``. A share too small to be fitted is left out.
    """
    import numpy

    random = numpy.random.RandomState(seed)
    shuffled = [(random.permutation(train), test) for train, test in splits]
    table: dict[str, list[Any]] = {"rows": [], "score": [], "training_score": []}
    for size in sorted({max(1, int(share * len(shuffled[0][0]))) for share in _SHARES}):
        try:
            pairs = [_scores(model, rows.rows(train[:size]), rows.rows(test), scorer) for train, test in shuffled]
        except Mistake:  # such as a class that is not in so few rows
            continue
        others, fitted = numpy.mean(pairs, axis=0)
        if not numpy.isnan(others):
            for name, value in zip(table, (size, float(others), float(fitted))):
                table[name].append(value)
    return table


def _scores(model: Any, train: Dataset, test: Dataset, scorer: Any) -> tuple[float, float]:
    """Return the score of the other rows, and that of the rows fitted to."""
    fitted, scorers = fit(model, train), {"score": scorer}
    return score(fitted, test, scorers)["score"], score(fitted, train, scorers)["score"]
