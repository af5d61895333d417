"""Fits and scores a model on each fold, one after the other or spread over a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..tables.datasets import Dataset
from .fitting import fit, score


def cross_validate(
    model: Any,
    data: Dataset,
    splits: Sequence[Any],
    scorers: Mapping[str, Any],
    report: Callable[[int, Mapping[str, list[float]]], object],
) -> tuple[dict[str, list[float]], list[float], list[float]]:
    """Fit and score a model on each fold; return its scores by scorer, and the seconds of fits and of scoring.

    Parameters
    ----------
    report : callable
        Called after each fold with its number from 1 on, and its scores.
    """
    scores: dict[str, list[float]] = {name: [] for name in scorers}
    fits, scorings = list[float](), list[float]()
    for number, (found, fitting, scoring) in enumerate(_folds(model, data, splits, scorers), 1):
        for name, value in found.items():
            scores[name].append(value)
        fits.append(fitting)
        scorings.append(scoring)
        report(number, scores)
    return scores, fits, scorings


def _folds(model: Any, data: Dataset, splits: Sequence[Any], scorers: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what `_fold` returns of each fold, in order. With ``scale_out``, they are spread over the run's cluster."""
    if not _is_spread():
        return (_fold(model, data.rows(train), data.rows(test), scorers) for train, test in splits)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=len(splits))
    if hasattr(parallel, "return_generator"):  # joblib 1.3
        parallel = Parallel(n_jobs=len(splits), return_as="generator")
    return iter(parallel(delayed(_fold)(model, data.rows(train), data.rows(test), scorers) for train, test in splits))


def _is_spread() -> bool:
    """Return whether joblib works on a cluster of Dask, which it does on its own with ``compute.scale_out``."""
    from joblib.parallel import get_active_backend

    return type(get_active_backend()[0]).__name__ == "DaskDistributedBackend"


def _fold(
    model: Any, train: Dataset, test: Dataset, scorers: Mapping[str, Any]
) -> tuple[dict[str, float], float, float]:
    """Return the scores of one fold, and the seconds of the fit and of scoring."""
    begun = time.perf_counter()
    fitted = fit(model, train)
    scored = time.perf_counter()
    return score(fitted, test, scorers), scored - begun, time.perf_counter() - scored
