"""What each column of a mixed table may hold, read off the fitted transformers that see it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from serving.traits import allows_missing, input_types, steps_of

NUMBER, TEXT, CATEGORY, DATE, ANY = "number", "text", "category", "date", "any"


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    kind : str
        ``number``, ``text``, ``category``, ``date`` (a text in JSON) or ``any``.
    missing : bool
        Whether a value may be missing.
    categories : tuple
        The values the model has seen, where it is a category.
    others : bool
        Whether a category may be one that the model has not seen.
    marker : None or nan
        What the model knows a missing value as.
    """

    kind: str
    missing: bool = True
    categories: tuple[Any, ...] = ()
    others: bool = True
    marker: Any = float("nan")

    @property
    def of_numbers(self) -> bool:
        """Tell whether its values are numbers."""
        if self.kind == CATEGORY:
            return all(isinstance(one, int | float) for one in self.categories)
        return self.kind == NUMBER


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for none."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def read_columns(first: Any) -> tuple[Column, ...] | None:
    """Return the columns of the estimator that sees the rows first, None where they are not told apart."""
    width = getattr(first, "n_features_in_", None)
    if width is None:
        return None
    encoder = getattr(first, "_preprocessor", None)  # histogram gradient boosting whose columns have categories
    if encoder is not None and getattr(first, "is_categorical_", None) is not None:
        found = _by_transformer(encoder, width)
        numbers = Column(NUMBER)
        return tuple(one if first.is_categorical_[at] else numbers for at, one in enumerate(found))
    if hasattr(first, "_transformer_to_input_indices"):
        return _by_transformer(first, width)
    if hasattr(first, "categories_"):
        return tuple(_encoded(first, at, width) for at in range(width))
    return None


def _by_transformer(transformer: Any, width: int) -> tuple[Column, ...]:
    """Return the columns of a ColumnTransformer; where several see one, what all of them take."""
    found: list[Column | None] = [None] * width
    for name, step, _ in transformer.transformers_:
        places = transformer._transformer_to_input_indices.get(name, ())
        for at, place in enumerate(places):
            seen, before = _seen_by(step, at, len(places)), found[place]
            found[place] = seen if before is None else _both(before, seen)
    return tuple(one or Column(ANY) for one in found)


def _both(one: Column, two: Column) -> Column:
    stricter, other = (two, one) if one.kind == ANY else (one, two)
    return replace(stricter, missing=one.missing and two.missing, others=stricter.others and other.others)


def _seen_by(transformer: Any, at: int, width: int) -> Column:
    """Return what a transformer takes as its column number `at` of `width`."""
    imputed = False
    for step in steps_of(transformer):
        types = input_types(step)
        if isinstance(step, str) or type(step).__name__ in ("FunctionTransformer", "FeatureUnion", "ColumnTransformer"):
            return Column(ANY)
        if type(step).__name__.endswith("Imputer"):
            imputed = True
            if getattr(step, "strategy", "mean") in ("mean", "median"):
                return Column(NUMBER)
        elif hasattr(step, "categories_"):
            found = _encoded(step, at, width)
            return replace(found, missing=True) if imputed else found
        elif "string" in types and "2darray" not in types:
            return Column(TEXT, missing=imputed)
        else:
            return Column(NUMBER, missing=imputed or allows_missing(step))
    return Column(ANY)


def _encoded(encoder: Any, at: int, width: int) -> Column:
    if len(encoder.categories_) != width:  # an imputer before it has left a column out
        return Column(ANY)
    values = [one.item() if hasattr(one, "item") else one for one in encoder.categories_[at]]
    markers = [one for one in values if is_missing(one)]
    others = getattr(encoder, "handle_unknown", "ignore") != "error"
    known = tuple(one for one in values if not is_missing(one))
    return Column(CATEGORY, bool(markers) or others, known, others, markers[0] if markers else float("nan"))
