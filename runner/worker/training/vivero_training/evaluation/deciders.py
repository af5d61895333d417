"""Finds columns that tell the target alone, as one does that was written down after the outcome.

A tree is fitted on each column by itself and scored on the holdout. Its score is compared with the model's: for classes
the balanced accuracy above chance, for numbers R² of their ranks, which a few extreme values do not decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tables.datasets import Dataset
from ..tables.roles import CLASSES

_MOST_ROWS, _MOST_COLUMNS, _FEWEST_ROWS = 5000, 500, 20
_LEAST = 0.9  # a column that tells less is no leak, even if the model knows nothing else
_OF_THE_MODEL = 0.99
_OTHERS = 0.8  # of the column's score, which all other columns have to stay below
_ENOUGH, _TIMES = 100, 5  # or, with so many rows: the others are wrong so many times as often
_SHARE = 0.1  # of the columns, which may decide together: a leak is often there twice


def deciders(train: Dataset, test: Dataset, answers: Any) -> Iterator[str]:
    """Yield a line for each column that tells the target alone.

    Parameters
    ----------
    answers : ndarray of shape (n,)
        What the model predicts for the holdout.
    """
    names = [name for name in train.features.columns if train.features[name].nunique(dropna=False) > 1][:_MOST_COLUMNS]
    if len(names) < 2 or len(test) < _FEWEST_ROWS:
        return
    whole = _score(train, test.target.to_numpy(), answers)
    alone = {name: _alone(train, test, name) for name in names}
    ranked = sorted(names, key=lambda name: -alone[name])
    reached = [name for name in ranked if alone[name] >= max(_LEAST, _OF_THE_MODEL * whole)]
    others = ranked[len(reached) :]
    if not reached or len(reached) > max(1, _SHARE * len(names)):
        return
    if others and not _is_apart(alone[reached[-1]], alone[others[0]], len(test)):
        return
    for name in reached:
        yield f"Column {name} alone predicts as well as the model. Was its value known before the outcome?"


def _is_apart(score: float, other: float, rows: int) -> bool:
    return other <= _OTHERS * score or (rows >= _ENOUGH and 1 - other > max(0.05, _TIMES * (1 - score)))


def _alone(train: Dataset, test: Dataset, name: str) -> float:
    """Return the score of a tree that is fitted on one column, of a sample of the rows."""
    import numpy
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if len(train) > _MOST_ROWS:
        train = train.rows(numpy.random.default_rng(0).choice(len(train), _MOST_ROWS, replace=False))
    before, later = _encoded(train, test, name)
    if train.kind != CLASSES:
        tree = DecisionTreeRegressor(max_depth=6, min_samples_leaf=5, random_state=0)
        return _score(train, test.target.to_numpy(), tree.fit(before, train.target).predict(later))
    depth = max(3, train.target.nunique().bit_length() + 1)
    tree = DecisionTreeClassifier(max_depth=depth, random_state=0)
    return _score(train, test.target.to_numpy(), tree.fit(before, train.target).predict(later))


def _score(train: Dataset, true: Any, answers: Any) -> float:
    """Return 1 for answers that are right, and 0 for those of chance."""
    import numpy

    if train.kind == CLASSES:
        shares = [float((answers[true == label] == label).mean()) for label in set(true.tolist())]
        chance = 1 / max(2, len(shares))
        return (sum(shares) / len(shares) - chance) / (1 - chance)
    known = numpy.sort(train.target.to_numpy(dtype=float))
    ranks, found = (numpy.searchsorted(known, part.astype(float)) for part in (true, answers))
    spread = ((ranks - ranks.mean()) ** 2).sum()
    return float(1 - ((ranks - found) ** 2).sum() / spread) if spread else 0.0


def _encoded(train: Dataset, test: Dataset, name: str) -> Any:
    """Return a column of both parts as numbers: a category becomes the share of each class, or the mean target, there.

    Returns
    -------
    tuple of ndarray of shape (n, 1) or (n, n_classes)
    """
    import pandas
    from pandas.api import types

    before, later = train.features[name], test.features[name]
    if types.is_numeric_dtype(before) or types.is_datetime64_any_dtype(before):
        return _numbers(before), _numbers(later)
    # A missing cell is a category too: that it is missing may tell as much.
    keys, later_keys = ([str(one) for one in part.tolist()] for part in (before, later))
    goals = pandas.get_dummies(train.target.to_numpy()) if train.kind == CLASSES else train.target.to_frame()
    means = goals.set_axis(keys, axis=0).astype(float).groupby(level=0).mean()
    return tuple(means.reindex(part).fillna(means.mean()).to_numpy() for part in (keys, later_keys))


def _numbers(column: Any) -> Any:
    """Return numbers, with missing and infinite ones below all others."""
    import numpy
    from pandas.api import types

    if types.is_datetime64_any_dtype(column):
        column = column.astype("int64").where(column.notna()).astype(float)
    # pandas 1 takes na_value for these alone
    options = {"na_value": numpy.nan} if types.is_extension_array_dtype(column) else {}
    values = column.to_numpy("float64", **options)
    finite = values[numpy.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    beyond = max(high - low, abs(low), abs(high), 1.0)  # far enough to differ from a large number
    values = numpy.where(numpy.isposinf(values), high + beyond, values)
    return numpy.where(numpy.isfinite(values), values, low - beyond)[:, None]
