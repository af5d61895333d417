"""The first score by value of a column, which shows where the model is worse than on the whole."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from ..tables.datasets import Dataset

_LEAST = 20  # rows of a slice that is called the worst
_MOST = 50  # values of a column


def slices(
    model: Any, test: Dataset, columns: Sequence[str], name: str, scorer: Any
) -> tuple[dict[str, list[Any]], str]:
    """Return a table of slices, worst first, and a line about the worst.

    Parameters
    ----------
    columns : list of str
        Numbers with more than ten values are divided into quarters.
    name : str
        The scorer's name.

    Returns
    -------
    tuple of dict and str
        ``column``, ``value``, ``rows`` and the score; a score that is not defined is None. The line may be empty.
    """
    found = []
    for column in columns:
        for value, numbers in _parts(test.table[column]):
            found.append((column, value, len(numbers), _score(model, test.rows(numbers), scorer)))
    found.sort(key=lambda one: math.inf if one[3] is None else one[3])
    table: dict[str, list[Any]] = {"column": [], "value": [], "rows": [], name: []}
    for one in found:
        for key, item in zip(table, one):
            table[key].append(item)
    worst = next((one for one in found if one[2] >= _LEAST and one[3] is not None), None)
    line = f"The worst slice is {worst[0]}={worst[1]}: {name} {worst[3]:.4g} ({worst[2]} rows)" if worst else ""
    return table, line


def _parts(column: Any) -> Iterator[tuple[str, Any]]:
    import pandas

    is_ordered = pandas.api.types.is_numeric_dtype(column) or pandas.api.types.is_datetime64_any_dtype(column)
    if is_ordered and column.nunique() > 10:
        column = pandas.qcut(column, 4, duplicates="drop")
    codes, values = pandas.factorize(column, use_na_sentinel=True)
    for number, value in list(enumerate(values))[:_MOST]:
        yield str(value), (codes == number).nonzero()[0]
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
