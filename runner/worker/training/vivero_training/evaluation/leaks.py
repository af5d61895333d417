"""Signs that a score is too good to be true, each in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tables.datasets import Dataset
from ..tables.dates import have_dates
from ..tables.roles import CLASSES, SUPERVISED

_MOST_COLUMNS = 200  # that are compared with the target, one by one


def leaks(train: Dataset, test: Dataset | None) -> list[str]:
    """Return a line for each sign found in the training rows and those held out, None if there are none."""
    found = [*_constant(train), *_same_as_target(train), *_identifiers_and_dates(train)]
    if test is not None:
        found += [*_same_rows(train, test), *_same_groups(train, test), *_same_times(train, test)]
    return found


def _constant(train: Dataset) -> Iterator[str]:
    names = [str(name) for name in train.features.columns if train.features[name].nunique(dropna=False) == 1]
    if names:
        shown = f"Column {names[0]} has" if len(names) == 1 else f"{len(names)} columns ({names[0]}, ...) have"
        yield f"{shown} the same value in all rows"


def _same_as_target(train: Dataset) -> Iterator[str]:
    """Columns whose values and those of the target determine each other."""
    import pandas

    if train.kind not in SUPERVISED:
        return
    target = pandas.factorize(train.target)[0]
    count = train.target.nunique()
    has_many = count > len(train) / 2  # another value in nearly each row, as every measured number has
    if train.kind == CLASSES and has_many:
        return
    for name in list(train.features.columns)[:_MOST_COLUMNS]:
        column = train.features[name]
        if column.nunique(dropna=False) != count or (has_many and not _is_in_step(column, train.target)):
            continue
        codes = pandas.factorize(column, use_na_sentinel=False)[0]
        if len(set(zip(codes.tolist(), target.tolist()))) == count:
            yield f"Column {name} is the target under another name"


def _is_in_step(column: Any, target: Any) -> bool:
    """Return whether a column of numbers only rises, or only falls, with the target."""
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(column):
        return False
    ranks, others = column.rank(), target.rank()
    return bool((ranks == others).all() or (ranks + others == len(target) + 1).all())


def _identifiers_and_dates(train: Dataset) -> Iterator[str]:
    import pandas

    for name in train.features.columns:
        column = train.features[name]
        if pandas.api.types.is_float_dtype(column) or pandas.api.types.is_datetime64_any_dtype(column):
            continue
        if have_dates(column):
            yield f"Column {name} has dates, which are learned from as texts. Name it: train.features.dates=[{name}]"
        elif len(train) >= 20 and column.nunique() == len(train):
            yield f"Column {name} has another value in each row, as an identifier has. Drop it with train.features.drop"


def _same_rows(train: Dataset, test: Dataset) -> Iterator[str]:
    import pandas

    seen = set(pandas.util.hash_pandas_object(train.features, index=False).tolist())
    both = sum(one in seen for one in pandas.util.hash_pandas_object(test.features, index=False).tolist())
    if both:
        yield f"{both} of {len(test)} rows of the holdout have the same features as a training row"


def _same_groups(train: Dataset, test: Dataset) -> Iterator[str]:
    if train.groups is None or test.groups is None:
        return
    both = set(train.groups) & set(test.groups)
    if both:
        yield f"{len(both)} groups are in the training rows and in the holdout"


def _same_times(train: Dataset, test: Dataset) -> Iterator[str]:
    """Columns of times in which rows of the holdout are no later than those of the training."""
    from pandas.api import types

    for name in train.table.columns:
        earlier, later = train.table[name], test.table[name] if name in test.table.columns else None
        if later is None or not (types.is_datetime64_any_dtype(earlier) and types.is_datetime64_any_dtype(later)):
            continue
        if later.min() <= earlier.max():
            hint = f"To test on later rows: train.holdout={{after: DATE, column: {name}}}"
            yield f"Column {name} has times, and the holdout is not later than the training rows. {hint}"
