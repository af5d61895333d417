"""What fitted estimators say of themselves, across scikit-learn's versions."""

from __future__ import annotations

from typing import Any


def steps_of(model: Any) -> list[Any]:
    """Return the steps of a pipeline that do something, else the estimator alone."""
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return [model]
    return [one for _, one in steps if one not in (None, "passthrough")]


def entrance(model: Any) -> Any:
    """Return the estimator that sees the rows first: the first step of pipelines, what a search has found."""
    for _ in range(20):
        if isinstance(getattr(model, "steps", None), list):
            steps = steps_of(model)
            if not steps:
                return model
            model = steps[0]
        elif getattr(model, "best_estimator_", None) is not None:
            model = model.best_estimator_
        else:
            break
    return model


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
    words = {"two_d_array": "2darray", "one_d_array": "1darray", "string": "string", "dict": "dict"}
    words["categorical"] = "categorical"
    return {word for name, word in words.items() if getattr(tags, name)}


def allows_missing(model: Any) -> bool:
    """Tell whether an estimator says that it takes missing values; what comes after it may not."""
    try:
        from sklearn.utils import get_tags
    except ImportError:
        return bool(model._get_tags().get("allow_nan")) if hasattr(model, "_get_tags") else False
    try:
        return bool(get_tags(model).input_tags.allow_nan)
    except Exception:  # noqa: BLE001 - as above: no tags, no promise
        return False
