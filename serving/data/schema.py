"""Derives a model's input and its methods from a fitted estimator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.errors import UserError, nearest
from runner.worker.models.flavours import METHODS, Pyfunc
from serving.data.columns import ANY, DATE, Column, number_for_none, read_columns
from serving.data.libraries import features_of
from serving.data.traits import (
    allows_missing,
    chain_of,
    chains_of,
    encodes_objects,
    input_types,
    is_opaque,
    takes_anything,
    takes_only,
)

_BY_COLUMN = ("ColumnTransformer", "FunctionTransformer")
_NUMBERS, _FRAME, _TEXTS, _RECORDS = "numbers", "frame", "texts", "records"


@dataclass(frozen=True)
class Schema:
    """The input of a model.

    Parameters
    ----------
    kind : str
        ``numbers``: a matrix; ``frame``: named columns of any type; ``texts``: one string per row; ``records``: one
        mapping per row; ``values``: one value per row; ``list``: a list of anything.
    names : tuple of str or None
        The feature names, if the model was fitted with names.
    is_open : bool
        Whether rows may have other columns. The first step is then the user's own, and the names are those of a later
        step.
    as_series : bool
        Whether texts are passed as a pandas series, because a function of the user may call its methods.
    as_objects : bool
        Whether a matrix contains Python objects, because an encoder in the model was fitted on them.
    respelled : bool
        Whether the model replaced spaces in the user's names by ``_``. Both spellings are then accepted.
    width : int or None
        The number of features.
    missing : bool
        Whether a value may be missing.
    marker : float
        The value in a matrix of numbers that means missing: NaN, unless an imputer uses another number.
    methods : tuple of str
        The methods that the model has, of predict, predict_proba, predict_log_proba, decision_function, transform and
        score_samples.
    classes : list or None
        The labels of a classifier.
    columns : tuple of Column or None
        What each column contains, if the columns can be told apart.
    """

    kind: str
    names: tuple[str, ...] | None
    width: int | None
    missing: bool
    methods: tuple[str, ...]
    classes: Any = None
    columns: tuple[Column, ...] | None = None
    is_open: bool = False
    as_series: bool = False
    as_objects: bool = False
    respelled: bool = False
    marker: float = math.nan


def read_schema(model: Any, dates: Sequence[str] = ()) -> Schema:
    """Return the schema of a fitted estimator.

    Parameters
    ----------
    model : estimator
        The fitted estimator.
    dates : sequence of str
        Columns that contain points in time. A fitted estimator does not record them.

    Raises
    ------
    UserError
        If the model has no column of that name.
    """
    chains = list(chains_of(model))
    names, is_open = _names(model, chains)
    width = _width(model, None if names is None or is_open else len(names))
    columns = next(filter(None, map(_columns, chains)), None)
    if names is not None:
        columns = _with_categories(names, columns, chains)
    if names is None and dates:
        raise UserError("dates: the model was fitted without column names")
    if names is not None and dates:
        columns = _with_dates(list(names), columns, dates)
    return Schema(
        kind=_FRAME if columns is not None else _kind(chains, named=names is not None),
        names=names,
        width=int(width) if width is not None else None,
        missing=_takes_missing(model),
        marker=number_for_none(chain_of(model)[0]),
        methods=tuple(name for name in METHODS if hasattr(model, name)),
        classes=_plain_classes(getattr(model, "classes_", None)),
        columns=columns if columns is not None and len(columns) == (width or len(names or ())) else None,
        is_open=is_open,
        as_objects=any(encodes_objects(step) for chain in chains for step in chain),
        respelled=any(known.respelled for chain in chains for known in map(features_of, chain) if known is not None),
    )


def _width(model: Any, otherwise: int | None) -> int | None:
    for step in (model, chain_of(model)[0]):  # a pipeline that begins with "passthrough" has no n_features_in_
        known = features_of(step)
        width = known.width if known is not None else getattr(step, "n_features_in_", None)
        if width is not None:
            return width
    return otherwise


def _columns(chain: list[Any]) -> tuple[Column, ...] | None:
    known = features_of(chain[0])
    return known.columns if known is not None else read_columns(chain)


def _with_categories(
    names: tuple[str, ...], columns: tuple[Column, ...] | None, chains: list[list[Any]]
) -> tuple[Column, ...] | None:
    """Mark columns as categories that a later step takes as such, because the steps before it pass them on.

    A ColumnTransformer prefixes a column's name with its own name and ``__``.
    """
    merged = list(columns) if columns is not None and len(columns) == len(names) else [Column(ANY)] * len(names)
    changed = False
    for step in [step for chain in chains for step in chain[1:]]:
        known = features_of(step)
        for name, column in zip(known.names or (), known.columns or (), strict=False) if known is not None else ():
            for at, column_name in enumerate(names) if column.as_category else ():
                if (
                    name.rpartition("__")[2] in (column_name, column_name.replace(" ", "_"))
                    and not merged[at].as_category
                ):
                    merged[at], changed = column, True
    return tuple(merged) if changed else columns


def _names_of(step: Any) -> tuple[str, ...] | None:
    known = features_of(step)
    if known is not None:
        return known.names
    names = getattr(step, "feature_names_in_", None)
    return tuple(map(str, names)) if names is not None else None


def _names(model: Any, chains: list[list[Any]]) -> tuple[tuple[str, ...] | None, bool]:
    """Return the names of the first estimator that has names, and whether steps before it may take other columns."""
    names = _names_of(model)
    if names is not None:
        return names, False
    for chain in chains:
        for at, step in enumerate(chain):
            names = _names_of(step)
            if names is not None:
                return names, at > 0
            if not is_opaque(step):
                break
    return None, all(is_opaque(chain[0]) for chain in chains[:1])


def _with_dates(names: list[str], columns: tuple[Column, ...] | None, dates: Sequence[str]) -> tuple[Column, ...]:
    unknown = [date for date in dates if date not in names]
    if unknown:
        raise UserError(f"dates: the model has no column '{unknown[0]}'", nearest(unknown[0], names))
    known = columns if columns is not None and len(columns) == len(names) else (Column(ANY),) * len(names)
    return tuple(Column(DATE) if name in dates else column for name, column in zip(names, known, strict=True))


def _plain_classes(classes: Any) -> Any:
    """Return labels as plain values. Several outputs have a list of arrays."""
    if isinstance(classes, list):
        return [_plain_classes(label) for label in classes]
    return classes.tolist() if hasattr(classes, "tolist") else classes


def _kind(chains: list[list[Any]], *, named: bool) -> str:
    """Return the kind of rows, from the first estimator of each chain that declares it."""
    if isinstance(chains[0][0], Pyfunc) and chains[0][0].rows != "any":
        return chains[0][0].rows
    steps = [next((step for step in chain if not is_opaque(step)), None) for chain in chains]
    if not named and any(takes_only(step, "dict") for step in steps if step is not None):
        return _RECORDS
    if not named and any(takes_only(step, "string") for step in steps if step is not None):
        return _TEXTS
    firsts = [chain[0] for chain in chains]
    if any(type(step).__name__ in _BY_COLUMN or is_opaque(step) or takes_anything(step) for step in firsts):
        return _FRAME
    if named and any(_is_of_others(step) for step in firsts):
        return _FRAME
    types = set().union(*(input_types(step) for step in firsts[:1]))
    return _FRAME if types & {"categorical", "string"} else _NUMBERS


def _is_of_others(estimator: Any) -> bool:
    """Return whether a transformer is another library's or the user's. If named, it may select columns by name."""
    return hasattr(estimator, "transform") and type(estimator).__module__.partition(".")[0] != "sklearn"


def _takes_missing(model: Any) -> bool:
    """Return whether a value may be missing, according to the first step and then to a trial of the whole model."""
    first = chain_of(model)[0]
    marker = number_for_none(first)
    if not math.isnan(marker):  # scikit-learn's tags only cover NaN
        return _survives_missing(model, marker)
    return allows_missing(first) and (first is model or _survives_missing(model, marker))


def _survives_missing(model: Any, marker: float) -> bool:
    """Try a row of missing values. A scaler passes them on to a step that may refuse them."""
    width = getattr(model, "n_features_in_", None)
    method = next((name for name in METHODS if hasattr(model, name)), None)
    if width is None or method is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(model, method)(np.full((1, width), marker))
    except Exception:  # noqa: BLE001 - any error means that the model does not take them
        return False
    return True
