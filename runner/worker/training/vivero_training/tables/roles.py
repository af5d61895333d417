"""Takes target, groups and weights from a table, and checks that they can have this part."""

from __future__ import annotations

from typing import Any

from ..mistakes import Mistake, nearest

CLASSES, NUMBERS = "classes", "numbers"
CLUSTERS, OUTLIERS, COMPONENTS = "clusters", "outliers", "components"
SUPERVISED = (CLASSES, NUMBERS)  # learn a target; for the others it is only compared with what they find
_SHOWN = 20  # columns in a message


def column_of(table: Any, name: str, setting: str) -> Any:
    """Return a column that a setting names.

    Raises
    ------
    Mistake
        If the table does not have it.
    """
    if name not in table.columns:
        columns = [str(column) for column in table.columns]
        shown = nearest(name, columns) or f". It has {', '.join(columns[:_SHOWN])}"
        raise Mistake(f"{setting}: the data has no column '{name}'{shown}")
    return table[name]


def target_of(table: Any, name: str | None, kind: str) -> Any:
    """Return the target, or None if there is none and nothing is predicted.

    Raises
    ------
    Mistake
        If an estimator of this kind cannot learn it.
    """
    if name is None:
        if kind in SUPERVISED:
            raise Mistake("train.target is not set. Name the column to predict: train.target=COLUMN")
        return None
    target = column_of(table, name, "train.target")
    check_complete(target, "train.target")
    if kind in SUPERVISED and target.nunique() < 2:
        raise Mistake(f"train.target: '{name}' has the same value in all rows")
    if kind == NUMBERS and not _is_number(target):
        raise Mistake(f"train.target: '{name}' is not numeric, but the estimator predicts numbers")
    if kind == CLASSES and (fraction := _fraction(target)) is not None:
        raise Mistake(
            f"train.target: '{name}' has fractions such as {fraction:g}, but the estimator predicts classes. "
            "Choose one that predicts numbers, such as estimator=ridge"
        )
    return target


def check_two_classes(target: Any, setting: str) -> None:
    """Check that a target has two classes.

    Raises
    ------
    Mistake
        If it has more.
    """
    if target.nunique() != 2:
        raise Mistake(f"{setting} needs a target with two classes, but '{target.name}' has {target.nunique()}")


def groups_of(table: Any, name: str) -> Any:
    """Return the column of groups.

    Raises
    ------
    Mistake
        If a row has no group.
    """
    groups = column_of(table, name, "train.groups")
    check_complete(groups, "train.groups")
    return groups


def weights_of(table: Any, name: str) -> Any:
    """Return the column of weights.

    Raises
    ------
    Mistake
        If they are not numbers from 0 on, or all of them are 0.
    """
    from pandas.api.types import is_numeric_dtype

    weights = column_of(table, name, "train.sample_weight")
    check_complete(weights, "train.sample_weight")
    if not is_numeric_dtype(weights):
        raise Mistake(f"train.sample_weight: '{name}' is not numeric")
    if weights.min() < 0 or weights.max() == float("inf"):
        wrong = weights.min() if weights.min() < 0 else weights.max()
        raise Mistake(f"train.sample_weight: '{name}' has {wrong:g}, but weights are numbers from 0 on")
    if weights.max() == 0:
        raise Mistake(f"train.sample_weight: '{name}' is 0 in all rows")
    return weights


def check_complete(column: Any, setting: str) -> None:
    """Check that all rows have a value.

    Raises
    ------
    Mistake
        If some have none.
    """
    count = int(column.isna().sum())
    if count:
        rows = "1 row has" if count == 1 else f"{count} rows have"
        raise Mistake(f"{setting}: {rows} no '{column.name}'. Remove {'it' if count == 1 else 'these rows'}")


def _fraction(column: Any) -> float | None:
    """Return a number of a column that is not whole, if there is one."""
    from pandas.api.types import is_float_dtype

    if not is_float_dtype(column):
        return None
    fractions = column[column % 1 != 0]
    return float(fractions.iloc[0]) if len(fractions) else None


def _is_number(column: Any) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) and not is_bool_dtype(column)
