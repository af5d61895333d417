"""The first score by value of a column, which shows where the model is worse than on the whole."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from ..tables.datasets import Dataset
from .intervals import intervals

_LEAST = 10  # rows of a slice that is called worse than the others: an interval of fewer says little
_TRIED = 10  # slices whose intervals are computed, worst first
_MOST = 50  # values of a column, the most frequent


def slices(
    model: Any, test: Dataset, columns: Sequence[str], name: str, scorer: Any, seed: int
) -> tuple[dict[str, list[Any]], list[str]]:
    """Return a table of slices, worst first, and a warning of the worst one that is worse by more than noise.

    Parameters
    ----------
    model : estimator
        The fitted model.
    test : Dataset
        The holdout.
    columns : list of str
        Numbers with more than ten values are divided into quarters.
    name : str
        The scorer's name.
    scorer : callable
        A scorer of scikit-learn.
    seed : int
        Of the intervals.

    Returns
    -------
    table : dict of list
        ``column``, ``value``, ``rows`` and the score; a score that is not defined is None.
    warnings : list of str
        At most one. A slice of at least ten rows is worse if its 95 % interval is below the score of all rows.
    """
    found = []
    for column in columns:
        for value, numbers in _parts(test.table[column]):
            found.append((column, value, numbers, _score(model, test.rows(numbers), scorer)))
    found.sort(key=lambda one: math.inf if one[3] is None else one[3])
    table: dict[str, list[Any]] = {"column": [], "value": [], "rows": [], name: []}
    for column, value, numbers, score in found:
        for key, item in zip(table, (column, value, len(numbers), score)):
            table[key].append(item)
    return table, list(_worse(model, test, found, name, scorer, seed))


def _worse(
    model: Any, test: Dataset, found: Sequence[tuple[str, str, Any, Any]], name: str, scorer: Any, seed: int
) -> Iterator[str]:
    whole = _score(model, test, scorer)
    if whole is None:
        return
    below = [one for one in found if one[3] is not None and one[3] < whole and len(one[2]) >= _LEAST]
    for column, value, numbers, score in below[:_TRIED]:
        ends = intervals(model, test.rows(numbers), {name: scorer}, seed)[name]
        if ends is not None and ends[1] < whole:
            yield (
                f"{column}={value} is worse than the rest: {name} {score:.4g} "
                f"({ends[0]:.4g} to {ends[1]:.4g}, {len(numbers)} rows), {whole:.4g} on all rows"
            )
            return


def _parts(column: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of a column, the most frequent first, with the positions of their rows."""
    import numpy
    import pandas

    is_ordered = pandas.api.types.is_numeric_dtype(column) or pandas.api.types.is_datetime64_any_dtype(column)
    if is_ordered and column.nunique() > 10:
        column = pandas.qcut(column, 4, duplicates="drop")
    codes, values = pandas.factorize(column, use_na_sentinel=True)
    frequent = numpy.argsort(-numpy.bincount(codes[codes >= 0], minlength=len(values)), kind="stable")
    for number in frequent[:_MOST]:
        yield str(values[number]), (codes == number).nonzero()[0]
    if len(values) > _MOST:
        yield f"{len(values) - _MOST} other values", numpy.isin(codes, frequent[_MOST:]).nonzero()[0]
    if (codes == -1).any():
        yield "missing", (codes == -1).nonzero()[0]


def _score(model: Any, rows: Dataset, scorer: Any) -> float | None:
    options = {} if rows.weights is None else {"sample_weight": rows.weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = float(scorer(model, rows.features, rows.target, **options))
        except ValueError:  # only one class in this slice
            return None
    return value if value == value else None
