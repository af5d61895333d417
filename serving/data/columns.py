"""Derives what each column of a mixed table may contain, from the fitted transformers that use it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.data.traits import allows_missing, has_objects, steps_of, takes_only

NUMBER, TEXT, CATEGORY, DATE, ANY = "number", "text", "category", "date", "any"


@dataclass(frozen=True)
class Column:
    """The values that one column may contain.

    Parameters
    ----------
    kind : str
        ``number``, ``text``, ``category``, ``date`` (a text in JSON) or ``any``.
    missing : bool
        Whether a value may be missing.
    categories : tuple
        The values of a category that the model was fitted on.
    others : bool
        Whether a category may have other values.
    marker : None, nan, pandas.NA or any other
        The value that the model treats as missing.
    as_category : bool
        Whether the model takes the column as a pandas categorical.
    as_objects : bool
        Whether the model was fitted on Python objects, numbers included, and takes no other dtype.
    in_utc : bool
        Whether the model takes points in time in UTC. A value without a time zone then is in UTC.
    """

    kind: str
    missing: bool = True
    categories: tuple[Any, ...] = ()
    others: bool = True
    marker: Any = float("nan")
    as_category: bool = False
    as_objects: bool = False
    in_utc: bool = False

    @property
    def of_numbers(self) -> bool:
        """Whether its values are numbers."""
        if self.kind == CATEGORY:
            return bool(self.categories) and all(isinstance(category, int | float) for category in self.categories)
        return self.kind == NUMBER

    @property
    def known(self) -> set[Any]:
        """The values of a category that the model accepts: those it was fitted on, and the marker of an imputer.

        The imputer replaces its marker before the value reaches the encoder, which would refuse it.
        """
        return {*self.categories, *(() if is_missing(self.marker) else (self.marker,))}


def is_missing(value: Any) -> bool:
    """Return whether a value is missing: None, NaN or pandas' NA."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def read_columns(chain: Sequence[Any]) -> tuple[Column, ...] | None:
    """Return the columns that a chain of estimators takes, or None if they cannot be told apart.

    Parameters
    ----------
    chain : sequence of estimators
        The estimators that rows pass through, see `serving.data.traits.chain_of`.
    """
    first = chain[0]
    width = getattr(first, "n_features_in_", None)
    if width is None:
        return None
    encoder = getattr(first, "_preprocessor", None)  # histogram gradient boosting with categorical features
    if encoder is not None and getattr(first, "is_categorical_", None) is not None:
        columns = _by_transformer(encoder, width)
        numbers = Column(NUMBER)
        return tuple(column if first.is_categorical_[at] else numbers for at, column in enumerate(columns))
    if hasattr(first, "_transformer_to_input_indices"):
        return _by_transformer(first, width)
    if hasattr(first, "categories_") or _fills_objects(first):
        return tuple(_input_of(chain, at, width) for at in range(width))
    return None


def _fills_objects(step: Any) -> bool:
    """Return whether a step is an imputer that was fitted on values other than numbers."""
    return _is_imputer(step) and getattr(getattr(step, "_fit_dtype", None), "kind", "f") not in "fiub"


def _reads_dates(step: Any) -> bool:
    """Return whether a step makes points in time of its input, as `preprocessing=mixed_table` does with dates."""
    options = getattr(step, "kw_args", None) if type(step).__name__ == "FunctionTransformer" else None
    return isinstance(options, dict) and str(options.get("dtype", "")).startswith("datetime64")


def _is_imputer(step: Any) -> bool:
    return type(step).__name__.endswith("Imputer")


def number_for_none(step: Any) -> float:
    """Return the number that a step treats as missing, such as an imputer's -1; NaN if there is none."""
    marker = getattr(step, "missing_values", None) if _is_imputer(step) else None
    return float(marker) if isinstance(marker, int | float | np.number) else math.nan


def _by_transformer(transformer: Any, width: int) -> tuple[Column, ...]:
    """Return the columns of a ColumnTransformer. A column that several transformers use must satisfy all of them."""
    columns: list[Column | None] = [None] * width
    for name, step, _ in transformer.transformers_:
        places = transformer._transformer_to_input_indices.get(name, ())
        for at, place in enumerate(places):
            seen, before = _input_of(steps_of(step), at, len(places)), columns[place]
            columns[place] = seen if before is None else _merge(before, seen)
    return tuple(column or Column(ANY) for column in columns)


def _merge(first: Column, second: Column) -> Column:
    stricter, other = (second, first) if first.kind == ANY else (first, second)
    return replace(stricter, missing=first.missing and second.missing, others=stricter.others and other.others)


def _input_of(chain: Sequence[Any], at: int, width: int) -> Column:
    """Return the column that a chain of steps expects at position `at` of `width`."""
    imputed: dict[str, Any] = {}  # an imputer's handling of missing values overrides that of later steps
    for step in chain:
        if _reads_dates(step):
            return Column(DATE, in_utc=True)
        if isinstance(step, str) or type(step).__name__ in ("FunctionTransformer", "FeatureUnion", "ColumnTransformer"):
            return Column(ANY, **imputed)
        if _is_imputer(step):
            imputed = {"missing": True, "marker": getattr(step, "missing_values", float("nan"))}
            if getattr(step, "strategy", "mean") in ("mean", "median"):
                return Column(NUMBER, **imputed)
        elif hasattr(step, "categories_"):
            return replace(_encoded(step, at, width), **imputed)
        elif takes_only(step, "string"):
            return Column(TEXT, **(imputed or {"missing": False}))
        elif any(map(_fills_objects, chain)):
            return Column(ANY, **imputed)
        else:
            return Column(NUMBER, **(imputed or {"missing": allows_missing(step)}))
    return Column(ANY, **imputed)


def _encoded(encoder: Any, at: int, width: int) -> Column:
    if len(encoder.categories_) != width:  # an imputer before it has dropped a column
        return Column(ANY)
    values = [category.item() if hasattr(category, "item") else category for category in encoder.categories_[at]]
    markers = [value for value in values if is_missing(value)]
    others = getattr(encoder, "handle_unknown", "ignore") != "error"
    known = tuple(value for value in values if not is_missing(value))
    marker = markers[0] if markers else float("nan")
    as_objects = has_objects(encoder.categories_[at])
    return Column(CATEGORY, bool(markers) or others, known, others, marker, as_objects=as_objects)
