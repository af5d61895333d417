"""What rows a model takes and what it can be asked for, read off the fitted estimator."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")
_BY_COLUMN = ("ColumnTransformer", "FunctionTransformer", "FeatureUnion")
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
    """

    kind: str
    names: tuple[str, ...] | None
    width: int | None
    missing: bool
    methods: tuple[str, ...]
    classes: Any = None


def read_schema(model: Any) -> Schema:
    """Return the schema of a fitted estimator."""
    names = getattr(model, "feature_names_in_", None)
    width = getattr(model, "n_features_in_", None)
    return Schema(
        kind=_kind(model),
        names=tuple(str(name) for name in names) if names is not None else None,
        width=int(width) if width is not None else None,
        missing=_takes_missing(model),
        methods=tuple(name for name in METHODS if hasattr(model, name)),
        classes=_plain_classes(getattr(model, "classes_", None)),
    )


def _plain_classes(classes: Any) -> Any:
    """Return labels as plain values; those of several outputs are a list of arrays."""
    if isinstance(classes, list):
        return [_plain_classes(one) for one in classes]
    return classes.tolist() if hasattr(classes, "tolist") else classes


def _kind(model: Any) -> str:
    first = entrance(model)
    types = input_types(first)
    if "dict" in types and "2darray" not in types:
        return _RECORDS
    if types and "2darray" not in types and "string" in types:
        return _TEXTS
    if any(type(one).__name__ in _BY_COLUMN for one in steps_at_entrance(model)):
        return _FRAME
    if "categorical" in types or "string" in types:
        return _FRAME
    return _NUMBERS


def entrance(model: Any) -> Any:
    """Return the estimator that sees the rows first: the first step of pipelines, what a search has found."""
    seen = 0
    while seen < 20:
        seen += 1
        steps = getattr(model, "steps", None)
        if isinstance(steps, list) and steps:
            real = [one for _, one in steps if one not in (None, "passthrough")]
            if not real:
                return model
            model = real[0]
        elif getattr(model, "best_estimator_", None) is not None:
            model = model.best_estimator_
        else:
            return model
    return model


def steps_at_entrance(model: Any) -> Iterator[Any]:
    """Yield the estimators that may see the columns as they come."""
    first = entrance(model)
    yield first
    for name in ("estimator", "estimator_", "base_estimator"):
        inner = getattr(first, name, None)
        if inner is not None and hasattr(inner, "get_params"):
            yield from steps_at_entrance(inner)


def input_types(model: Any) -> set[str]:
    """Return scikit-learn's words for what an estimator takes: 2darray, string, dict, categorical, 1darray."""
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        tags = model._get_tags() if hasattr(model, "_get_tags") else {}
        return set(tags.get("X_types", ()))
    try:
        tags = get_tags(model).input_tags
    except Exception:  # noqa: BLE001 - an estimator of somebody else's without tags takes a matrix
        return {"2darray"}
    found = {"two_d_array": "2darray", "one_d_array": "1darray", "string": "string", "dict": "dict"}
    return {word for name, word in found.items() if getattr(tags, name)} | (
        {"categorical"} if tags.categorical else set()
    )


def _takes_missing(model: Any) -> bool:
    """Tell whether a value may be missing: as the first step says, and then as the whole model shows."""
    first = entrance(model)
    try:
        from sklearn.utils import get_tags
    except ImportError:
        says = bool(first._get_tags().get("allow_nan")) if hasattr(first, "_get_tags") else False
    else:
        try:
            says = bool(get_tags(first).input_tags.allow_nan)
        except Exception:  # noqa: BLE001 - as above: no tags, no promise
            return False
    return says and (first is model or _survives_missing(model))


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
