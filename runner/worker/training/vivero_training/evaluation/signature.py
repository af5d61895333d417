"""Describes the columns that a model was trained on, for ``signature.json`` beside the model."""

from __future__ import annotations

from typing import Any

from ..recording import plain
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES, SUPERVISED

_MOST = 1000  # categories that are listed


def signature(data: Dataset) -> dict[str, Any]:
    """Return the signature of a model by the rows it is fitted to.

    Returns
    -------
    dict
        ``inputs`` is a list of columns in their order, ``target`` one column. A column has a ``name``, a ``dtype`` as
        pandas names it, and ``missing``, whether a row has no value. Texts and booleans have ``categories``, their
        sorted values, unless these are more than 1,000; the target of a classifier has ``classes``.
        Without a target that is predicted, there is none.
    """
    found: dict[str, Any] = {"inputs": [_described(data.features[name]) for name in data.features.columns]}
    if data.kind in SUPERVISED:
        found["target"] = {"name": str(data.target.name), "dtype": str(data.target.dtype)}
    if data.kind == CLASSES:
        found["target"]["classes"] = _values(data.target)
    return found


def _described(column: Any) -> dict[str, Any]:
    from pandas.api import types

    found = {"name": str(column.name), "dtype": str(column.dtype), "missing": bool(column.isna().any())}
    is_number = types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
    if not is_number and not types.is_datetime64_any_dtype(column) and column.nunique() <= _MOST:
        found["categories"] = _values(column)
    return found


def _values(column: Any) -> list[Any]:
    """Return the different values of a column, sorted where they can be compared."""
    found = column.dropna().unique().tolist()
    try:
        return plain(sorted(found))
    except TypeError:  # texts and numbers
        return plain(sorted(found, key=str))
