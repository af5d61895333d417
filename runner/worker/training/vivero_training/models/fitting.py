"""Fits a model to some rows, and scores it on others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..mistakes import Mistake, first_line
from ..tables.datasets import Dataset
from ..tables.roles import SUPERVISED
from .answers import Answering
from .decisions import fit_decided, is_decided
from .scoring import known_scorers

ESTIMATOR = "estimator"  # the name of its step after a preprocessing


def fit(model: Any, data: Dataset) -> Any:
    """Return a fitted copy of a model.

    Raises
    ------
    Mistake
        If scikit-learn refuses the data or a parameter.
    """
    from sklearn.base import clone

    model, options = clone(model), {}
    if data.weights is not None:
        options = {f"{ESTIMATOR}__sample_weight" if hasattr(model, "steps") else "sample_weight": data.weights}
    try:
        if is_decided(model):
            return fit_decided(model, data)
        return model.fit(data.features, data.target if data.kind in SUPERVISED else None, **options)
    except NotImplementedError as error:  # said of metadata routing, which few classes do not have
        raise Mistake(f"train.sample_weight with train.calibrate or threshold: {first_line(error)}") from None
    except (TypeError, ValueError) as error:
        raise Mistake(f"{_name(model)} cannot be fitted: {first_line(error)}{_hint(str(error))}") from None


def score(model: Any, data: Dataset, scorers: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of a fitted model by the scorers' names.

    Raises
    ------
    Mistake
        If a scorer does not suit the model or the target.
    """
    options = {} if data.weights is None else {"sample_weight": data.weights}
    scores, asked = {}, Answering(model, data.features) if data.kind in SUPERVISED else model
    for name, scorer in scorers.items():
        try:
            scores[name] = float(scorer(asked, data.features, data.target, **options))
        except (AttributeError, TypeError, ValueError) as error:
            if isinstance(error, AttributeError) and "predict_proba" in str(error):
                line = f"train.scoring: {name} needs probabilities, which {_name(model)} does not give"
                raise Mistake(line) from None
            hint = _of_several(name) if "multiclass" in str(error) or "multi_class" in str(error) else ""
            raise Mistake(f"train.scoring: {name} cannot be computed: {first_line(error)}{hint}") from None
    return scores


def _of_several(name: str) -> str:
    """Return a sentence that names the scorer of several classes that corresponds to one of two."""
    found = [f"{name}{ending}" for ending in ("_macro", "_ovr") if f"{name}{ending}" in known_scorers()]
    return f". For more than two classes: {found[0]}" if found else ""


def _name(model: Any) -> str:
    return type(model.steps[-1][1] if hasattr(model, "steps") else model).__name__


def _hint(message: str) -> str:
    if "NaN" in message or "could not convert string" in message or "missing values" in message:
        return ". preprocessing=mixed_table fills missing values and encodes texts"
    if "Invalid classes inferred" in message:
        return ". It takes classes that are numbered from 0 on"
    if "DateTime" in message or "datetime64" in message:
        return ". preprocessing=mixed_table turns dates into numbers"
    if message.startswith("Sparse data was passed"):
        return ". A ColumnTransformer gives dense data with preprocessing.sparse_threshold=0"
    return ""
