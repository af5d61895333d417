"""Splits rows: which are held out, and which are in which fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .declaration import Declaration
from .mistakes import Mistake, first_line
from .models.building import TARGET, build
from .tables.datasets import Dataset, load
from .tables.dates import after, times_of
from .tables.roles import CLASSES


def hold_out(data: Dataset, declaration: Declaration) -> tuple[Dataset, Dataset | None]:
    """Return the rows to train on and those held out, None if there are none.

    Raises
    ------
    Mistake
        If either part would be empty, or a class too small to be in both.
    """
    settings = declaration.train["holdout"]
    if settings is None:
        return data, None
    if "data" in settings:
        return data, _other(data, declaration)
    in_order = is_in_order(declaration.train)
    if "after" in settings:
        train, test = _by_time(data, settings, in_order)
    elif in_order:
        train, test = _last(data, settings)
    else:
        train, test = _random(data, settings)
    if not len(train) or not len(test):
        part = "to train on" if not len(train) else "in the holdout"
        raise Mistake(f"train.holdout leaves no rows {part}")
    return data.rows(train), data.rows(test)


def _other(data: Dataset, declaration: Declaration) -> Dataset:
    other = load("holdout", declaration, data.kind)
    absent = [str(name) for name in data.features.columns if name not in other.features.columns]
    if absent:
        raise Mistake(f"train.holdout.data has no column '{absent[0]}'")
    other.features = other.features[list(data.features.columns)]
    for name in data.features.columns:
        kinds = _kind(data.features[name]), _kind(other.features[name])
        if set(kinds) == {"numbers", "texts"}:
            raise Mistake(f"train.holdout.data: '{name}' has {kinds[1]}, but in train.data it has {kinds[0]}")
    return other


def _kind(column: Any) -> str | None:
    from pandas.api import types

    if types.is_numeric_dtype(column):
        return "numbers" if column.notna().any() else None
    return "texts" if any(isinstance(value, str) for value in column.tolist()) else None


def is_in_order(train: Mapping[str, Any]) -> bool:
    """Return whether the folds follow the order of the rows, so that no split may shuffle them."""
    settings = train["cross_validation"]
    return settings is not None and str(settings.get(TARGET, "")).endswith(".TimeSeriesSplit")


def _by_time(data: Dataset, settings: Mapping[str, Any], in_order: bool) -> Any:
    """Return the positions of the earlier and the later rows; those of the training may be sorted by their time."""
    import numpy

    is_after = after(data.table, settings)
    train = numpy.flatnonzero(~is_after)
    if in_order:
        train = train[numpy.argsort(times_of(data.table, settings).to_numpy()[train], kind="stable")]
    return train, numpy.flatnonzero(is_after)


def _last(data: Dataset, settings: Mapping[str, Any]) -> Any:
    """Hold out the last rows. Rows of a table are in the order of time, which scikit-learn's folds expect."""
    import numpy
    from sklearn.model_selection import train_test_split

    if settings["stratify"]:
        raise Mistake("train.holdout.stratify cannot be combined with TimeSeriesSplit, whose holdout are the last rows")
    if data.groups is not None:
        raise Mistake("train.groups cannot be combined with TimeSeriesSplit")
    return train_test_split(numpy.arange(len(data)), test_size=settings["size"], shuffle=False)


def _random(data: Dataset, settings: Mapping[str, Any]) -> Any:
    import numpy
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, train_test_split

    size, seed, numbers = settings["size"], settings["seed"], numpy.arange(len(data))
    stratify = settings["stratify"]
    if stratify is None:
        stratify = data.kind == CLASSES and data.groups is None
    if stratify and data.groups is None:
        _check_both_sides(data)
    try:
        if data.groups is not None:
            if stratify and data.kind == CLASSES:
                share = size if size < 1 else size / len(data)
                splitter = StratifiedGroupKFold(max(2, round(1 / share)), shuffle=True, random_state=seed)
            else:
                splitter = GroupShuffleSplit(n_splits=1, test_size=size, random_state=seed)
            return next(splitter.split(numbers, data.target, data.groups))
        return train_test_split(numbers, test_size=size, random_state=seed, stratify=data.target if stratify else None)
    except ValueError as error:
        raise Mistake(f"train.holdout: {first_line(error)}") from None


def _check_both_sides(data: Dataset) -> None:
    """Check that each class has a row for the training and one for the holdout."""
    alone = [str(label) for label, count in data.target.value_counts().items() if count < 2]
    if alone:
        more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
        raise Mistake(f"train.holdout: class '{alone[0]}'{more} has only 1 row, which cannot be on both sides")


def folds(data: Dataset, declaration: Declaration) -> list[Any]:
    """Return pairs of positions, of the rows to fit and to score.

    Raises
    ------
    Mistake
        If a class or the groups are fewer than the folds.
    """
    splitter = _splitter(data, declaration)
    try:
        return list(splitter.split(data.features, data.target, data.groups))
    except (TypeError, ValueError) as error:
        hint = ". Set train.groups=COLUMN" if data.groups is None and "'groups'" in str(error) else ""
        raise Mistake(f"train.cross_validation: {first_line(error)}{hint}") from None


def _splitter(data: Dataset, declaration: Declaration) -> Any:
    from sklearn import model_selection as of

    settings, seed = declaration.train["cross_validation"], declaration.train["seed"]
    if TARGET in settings:
        return build(settings, "train.cross_validation", declaration.allowed)
    count, repeats = settings["folds"], settings["repeats"]
    shuffle = settings.get("shuffle", True)
    _check_sizes(data, count)
    if data.groups is not None:
        if repeats > 1:
            raise Mistake("train.cross_validation.repeats cannot be combined with train.groups")
        if data.kind != CLASSES:
            return of.GroupKFold(count)
        return of.StratifiedGroupKFold(count, shuffle=shuffle, random_state=seed if shuffle else None)
    if repeats > 1:
        kind = of.RepeatedStratifiedKFold if data.kind == CLASSES else of.RepeatedKFold
        return kind(n_splits=count, n_repeats=repeats, random_state=seed)
    kind = of.StratifiedKFold if data.kind == CLASSES else of.KFold
    return kind(count, shuffle=shuffle, random_state=seed if shuffle else None)


def _check_sizes(data: Dataset, count: int) -> None:
    if len(data) < count:
        raise Mistake(f"train.cross_validation: {count} folds of {len(data)} rows are not possible")
    if data.kind == CLASSES and data.groups is None:
        sizes = data.target.value_counts()
        if sizes.min() < count:
            rows = "1 row" if sizes.min() == 1 else f"{sizes.min()} rows"
            raise Mistake(f"train.cross_validation: class '{sizes.idxmin()}' has {rows}, fewer than the {count} folds")
    if data.groups is not None and data.groups.nunique() < count:
        raise Mistake(f"train.cross_validation: {data.groups.nunique()} groups are fewer than the {count} folds")
