"""What rows a model takes and what it can be asked for, read off the fitted estimator."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.errors import UserError, nearest
from serving.columns import ANY, DATE, Column, read_columns
from serving.traits import allows_missing, entrance, input_types

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")
_BY_COLUMN = ("ColumnTransformer", "FunctionTransformer", "FeatureUnion")
_MOST_INNER = 5  # of an ensemble's estimators; a forest has thousands, all alike
_NUMBERS, _FRAME, _TEXTS, _RECORDS = "numbers", "frame", "texts", "records"


@dataclass(frozen=True)
class Schema:
    """Rows of a model.

    Parameters
    ----------
    kind : str
        ``numbers``: a matrix; ``frame``: named columns of any type; ``texts``: one string a row; ``records``: one
        mapping a row.
    names : tuple of str or None
        Feature names, where the model was fitted with names.
    width : int or None
        Number of features.
    missing : bool
        Whether a value may be missing.
    methods : tuple of str
        What the model has of predict, predict_proba, predict_log_proba, decision_function, transform, score_samples.
    classes : list or None
        The labels of a classifier.
    columns : tuple of Column or None
        What each column holds, where they are told apart.
    """

    kind: str
    names: tuple[str, ...] | None
    width: int | None
    missing: bool
    methods: tuple[str, ...]
    classes: Any = None
    columns: tuple[Column, ...] | None = None


def read_schema(model: Any, dates: Sequence[str] = ()) -> Schema:
    """Return the schema of a fitted estimator.

    Parameters
    ----------
    dates : sequence of str
        Columns whose values are points in time; a fitted estimator does not know.

    Raises
    ------
    UserError
        If there is no column of such a name.
    """
    names = getattr(model, "feature_names_in_", None)
    width = getattr(model, "n_features_in_", None)
    seen_first = list(steps_at_entrance(model))
    columns = next(filter(None, map(read_columns, seen_first)), None)
    if names is None and dates:
        raise UserError("dates: the model was fitted without names of columns")
    if names is not None and dates:
        columns = _with_dates([str(name) for name in names], columns, dates)
    return Schema(
        kind=_FRAME if columns is not None else _kind(model, seen_first),
        names=tuple(str(name) for name in names) if names is not None else None,
        width=int(width) if width is not None else None,
        missing=_takes_missing(model),
        methods=tuple(name for name in METHODS if hasattr(model, name)),
        classes=_plain_classes(getattr(model, "classes_", None)),
        columns=columns if columns is not None and len(columns) == width else None,
    )


def _with_dates(names: list[str], columns: tuple[Column, ...] | None, dates: Sequence[str]) -> tuple[Column, ...]:
    unknown = [one for one in dates if one not in names]
    if unknown:
        raise UserError(f"dates: the model has no column {unknown[0]}", nearest(unknown[0], names))
    known = columns if columns is not None and len(columns) == len(names) else (Column(ANY),) * len(names)
    return tuple(Column(DATE) if name in dates else one for name, one in zip(names, known, strict=True))


def _plain_classes(classes: Any) -> Any:
    """Return labels as plain values; those of several outputs are a list of arrays."""
    if isinstance(classes, list):
        return [_plain_classes(one) for one in classes]
    return classes.tolist() if hasattr(classes, "tolist") else classes


def _kind(model: Any, seen_first: list[Any]) -> str:
    types = input_types(entrance(model))
    if "dict" in types and "2darray" not in types:
        return _RECORDS
    if types and "2darray" not in types and "string" in types:
        return _TEXTS
    if any(type(one).__name__ in _BY_COLUMN for one in seen_first):
        return _FRAME
    if "categorical" in types or "string" in types:
        return _FRAME
    return _NUMBERS


def steps_at_entrance(model: Any) -> Iterator[Any]:
    """Yield the estimators that may see the columns as they come."""
    first = entrance(model)
    yield first
    several = getattr(first, "estimators_", None)
    inner = list(np.ravel(np.asarray(several, dtype=object)))[:_MOST_INNER] if several is not None else []
    inner += [getattr(first, name, None) for name in ("estimator_", "regressor_", "estimator", "base_estimator")]
    for one in inner:
        if one is not None and hasattr(one, "get_params"):
            yield from steps_at_entrance(one)


def _takes_missing(model: Any) -> bool:
    """Tell whether a value may be missing: as the first step says, and then as the whole model shows."""
    first = entrance(model)
    return allows_missing(first) and (first is model or _survives_missing(model))


def _survives_missing(model: Any) -> bool:
    """Try it: a scaler lets a missing value through to a step that may refuse it."""
    width = getattr(model, "n_features_in_", None)
    method = next((name for name in METHODS if hasattr(model, name)), None)
    if width is None or method is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(model, method)(np.full((1, width), np.nan))
    except Exception:  # noqa: BLE001 - whatever it raises, it does not take them
        return False
    return True
