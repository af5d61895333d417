"""Reads facts from fitted estimators, across scikit-learn's versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_MOST_INNER = 5  # estimators of an ensemble to look at: a forest has thousands, all alike
_DEEPEST = 20
_NOTHING = (None, "passthrough", "drop")
_KNOWN = ("sklearn", "lightgbm", "xgboost", "catboost")  # libraries whose models are known; see serving.data.libraries
_WRAPPED = ("estimator_", "regressor_", "estimator", "base_estimator")


def steps_of(model: Any) -> list[Any]:
    """Return the steps of a pipeline that rows pass through, or the estimator itself.

    Samplers, such as imbalanced-learn's, act only during the fit.
    """
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return [model]
    return [step for _, step in steps if not is_nothing(step) and not _is_sampler(step)]


def _is_sampler(step: Any) -> bool:
    return hasattr(step, "fit_resample") and not hasattr(step, "transform") and not hasattr(step, "predict")


def is_nothing(step: Any) -> bool:
    """Return whether a step passes rows on unchanged, or drops them."""
    return step is None or (isinstance(step, str) and step in _NOTHING)


def chain_of(model: Any, deepest: int = _DEEPEST) -> list[Any]:
    """Return the estimators that rows pass through, in order. Pipelines and the result of a search are expanded."""
    if not deepest:
        return [model]
    if getattr(model, "best_estimator_", None) is not None:
        return chain_of(model.best_estimator_, deepest - 1)
    if not isinstance(getattr(model, "steps", None), list):
        return [model]
    return [inner for step in steps_of(model) for inner in chain_of(step, deepest - 1)] or [model]


def chains_of(model: Any, deepest: int = _DEEPEST) -> Iterator[list[Any]]:
    """Yield every chain whose first estimator gets the rows of the request: the model's own, and those inside it."""
    chain = chain_of(model)
    yield chain
    for estimator in inner_estimators(chain[0]) if deepest else ():
        yield from chains_of(estimator, deepest - 1)


def inner_estimators(model: Any) -> list[Any]:
    """Return the fitted estimators inside an estimator that get the same rows, but only a few of an ensemble."""
    estimators: list[Any] = [transformer for _, transformer in getattr(model, "transformer_list", ())]  # a FeatureUnion
    several = getattr(model, "estimators_", None)
    if several is not None:
        estimators += list(np.ravel(np.asarray(several, dtype=object)))[:_MOST_INNER]
    for classifier in getattr(model, "calibrated_classifiers_", ())[:1]:
        estimators.append(getattr(classifier, "estimator", None) or getattr(classifier, "base_estimator", None))
    estimators += [getattr(model, name, None) for name in _WRAPPED]
    return [estimator for estimator in estimators if not is_nothing(estimator) and hasattr(estimator, "get_params")]


def is_opaque(step: Any) -> bool:
    """Return whether a step does not declare its input: a function, or a user's own transformer."""
    if type(step).__name__ == "FunctionTransformer":
        return True
    if type(step).__module__.partition(".")[0] in _KNOWN:
        return False
    return not hasattr(step, "n_features_in_")


def input_types(model: Any) -> set[str]:
    """Return scikit-learn's input types of an estimator: 2darray, string, dict, categorical, 1darray."""
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        tags = model._get_tags() if hasattr(model, "_get_tags") else {}
        return set(tags.get("X_types", ()))
    try:
        tags = get_tags(model).input_tags
    except Exception:  # noqa: BLE001 - a third-party estimator without tags takes a matrix
        return {"2darray"}
    words = {"two_d_array": "2darray", "one_d_array": "1darray", "string": "string", "dict": "dict"}
    words["categorical"] = "categorical"
    return {word for name, word in words.items() if getattr(tags, name)}


def takes_only(model: Any, kind: str) -> bool:
    """Return whether an estimator takes texts (``string``) or mappings (``dict``), and not a matrix."""
    types = input_types(model)
    return kind in types and "2darray" not in types


def takes_anything(model: Any) -> bool:
    """Return whether an estimator declares that it does not look at its rows, such as a DummyClassifier."""
    try:
        from sklearn.utils import get_tags
    except ImportError:
        return bool(model._get_tags().get("no_validation")) if hasattr(model, "_get_tags") else False
    try:
        return bool(get_tags(model).no_validation)
    except Exception:  # noqa: BLE001 - no tags, so it declares nothing
        return False


def encodes_objects(step: Any) -> bool:
    """Return whether a step is an encoder fitted on numbers as Python objects, which only accepts such numbers."""
    seen = filter(has_objects, getattr(step, "categories_", ()))
    return any(isinstance(value, int | float) for values in seen for value in values)


def has_objects(array: Any) -> bool:
    """Return whether an array's values are Python objects."""
    return getattr(getattr(array, "dtype", None), "kind", "") == "O"


def allows_missing(model: Any) -> bool:
    """Return whether an estimator declares that it accepts missing values. A later step may not."""
    try:
        from sklearn.utils import get_tags
    except ImportError:
        return bool(model._get_tags().get("allow_nan")) if hasattr(model, "_get_tags") else False
    try:
        return bool(get_tags(model).input_tags.allow_nan)
    except Exception:  # noqa: BLE001 - no tags, so it declares nothing
        return False
