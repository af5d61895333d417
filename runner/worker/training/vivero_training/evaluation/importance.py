"""Permutation importance: how much the first score falls when a column of the holdout is shuffled."""

from __future__ import annotations

from typing import Any

from ..recording import plain
from ..tables.datasets import Dataset

_MOST_ROWS = 5000


def importance(model: Any, test: Dataset, scorer: Any, repeats: int, seed: int) -> dict[str, list[Any]]:
    """Return a table of features, most important first.

    Returns
    -------
    dict
        ``feature``, ``importance`` (mean) and ``std``. With more than 5,000 rows, a sample of them is used.
    """
    import numpy
    from sklearn.inspection import permutation_importance

    if len(test) > _MOST_ROWS:
        print(f"Permutation importance: of a sample of {_MOST_ROWS:,} rows")
        test = test.rows(numpy.random.default_rng(seed).choice(len(test), _MOST_ROWS, replace=False))
    weights = {} if test.weights is None else {"sample_weight": test.weights}
    found = permutation_importance(
        model, test.features, test.target, scoring=scorer, n_repeats=repeats, random_state=seed, **weights
    )
    order = numpy.argsort(-found.importances_mean, kind="stable")
    return {
        "feature": [str(test.features.columns[number]) for number in order],
        "importance": plain(found.importances_mean[order]),
        "std": plain(found.importances_std[order]),
    }
