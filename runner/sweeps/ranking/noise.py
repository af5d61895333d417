"""Tells differences between cross-validated scores from noise.

The variance of a mean over folds is corrected for the rows that the training sets of the folds share: it is multiplied
by 1/n + 1/(k-1) for n scores of k folds each, in place of 1/n. Source: C. Nadeau and Y. Bengio, Inference for the
Generalization Error, Machine Learning 52, 2003.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance

# 97.5 % quantiles of Student's t distribution with 1, 2, ... degrees of freedom
_QUANTILES = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL = 1.960


def interval(scores: Sequence[float], folds: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean score, as low and high, None for a single score.

    Parameters
    ----------
    scores : sequence of float
        One for each fold of each repeat.
    folds : int
        The folds of one repeat.
    """
    if len(scores) < 2:
        return None
    mean, margin = fmean(scores), _margin(scores, folds)
    return mean - margin, mean + margin


def is_tied(best: Sequence[float], other: Sequence[float], folds: int) -> bool:
    """Return whether the scores on the same folds differ by no more than noise, by a paired test at 95 %."""
    differences = [left - right for left, right in zip(best, other, strict=True)]
    if len(differences) < 2:
        return differences == [0.0]
    return abs(fmean(differences)) <= _margin(differences, folds)


def _margin(values: Sequence[float], folds: int) -> float:
    count = len(values)
    quantile = _QUANTILES[count - 2] if count - 2 < len(_QUANTILES) else _NORMAL
    return quantile * math.sqrt((1 / count + 1 / max(1, folds - 1)) * variance(values))
