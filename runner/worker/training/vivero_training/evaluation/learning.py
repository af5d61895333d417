"""A learning curve: the first score by the number of training rows, which shows whether more rows would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tables.datasets import Dataset

_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


def learning_curve(model: Any, rows: Dataset, splits: Sequence[Any], scorer: Any, seed: int) -> dict[str, list[Any]]:
    """Return a table of training rows and mean scores on the parts fitted and not fitted to.

    Returns
    -------
    dict
        ``rows``, ``score`` and ``training_score``. A share too small to be fitted is left out.
    """
    import numpy
    from sklearn.model_selection import learning_curve as measured

    sizes, fitted, others = measured(
        model,
        rows.features,
        rows.target,
        cv=splits,
        scoring=scorer,
        train_sizes=_SHARES,
        shuffle=True,
        random_state=seed,
        error_score=numpy.nan,
    )
    kept = [number for number in range(len(sizes)) if not numpy.isnan(others[number]).any()]
    return {
        "rows": [int(sizes[number]) for number in kept],
        "score": [float(others[number].mean()) for number in kept],
        "training_score": [float(fitted[number].mean()) for number in kept],
    }
