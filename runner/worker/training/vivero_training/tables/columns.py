"""Brings the columns of a table into the types that scikit-learn takes."""

from __future__ import annotations

from typing import Any

from ..mistakes import Mistake

_MANY = (list, tuple, dict, set)


def plain_columns(features: Any) -> Any:
    """Return features in numpy's types: numbers with `pandas.NA` become floats, and texts objects with NaN.

    Raises
    ------
    Mistake
        If a cell has several values.
    """
    changed = {name: column for name in features.columns for column in [_plain(features[name])] if column is not None}
    if changed:
        features = features.copy()
    for name, column in changed.items():
        features[name] = column
    return features


def _plain(column: Any) -> Any:
    """Return the column in another type, None if it can stay as it is."""
    import numpy
    from pandas.api import types

    if column.dtype == object and any(isinstance(value, (*_MANY, numpy.ndarray)) for value in column.tolist()):
        raise Mistake(f"train.data: '{column.name}' has lists. Leave it out: train.features.drop=[{column.name}]")
    if types.is_extension_array_dtype(column.dtype) and types.is_numeric_dtype(column.dtype):
        return column.astype(float if column.isna().any() else column.dtype.numpy_dtype)
    if (column.dtype == object or _has_na(column.dtype)) and column.isna().any():
        return column.astype(object).where(column.notna(), numpy.nan)
    return None


def _has_na(dtype: Any) -> bool:
    import pandas

    return isinstance(dtype, pandas.StringDtype) and dtype.na_value is pandas.NA
