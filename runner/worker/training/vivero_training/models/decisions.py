"""Calibration and thresholds: how a classifier is wrapped in them, and what reaches the fits within them.

Both fit the classifier on folds of their own. The rows' weights and groups get there by scikit-learn's metadata
routing, which came with 1.5 for the classes that are used here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..mistakes import Mistake
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES
from .scoring import check_scorer, scorer_for

PREPROCESSING = "preprocessing"
_CALIBRATED, _TUNED, _FIXED = "CalibratedClassifierCV", "TunedThresholdClassifierCV", "FixedThresholdClassifier"


def decide(model: Any, train: Mapping[str, Any]) -> Any:
    """Return a classifier with the calibration and the threshold of a declaration.

    Raises
    ------
    Mistake
        If the scikit-learn at hand is too old, or the threshold's metric is none for classes.
    """
    calibration, threshold = train["calibrate"], train["threshold"]
    if calibration is not None:
        from sklearn.calibration import CalibratedClassifierCV

        model = CalibratedClassifierCV(model, method=calibration)
    if threshold is not None:
        model = _with_threshold(model, threshold)
    if calibration is not None and (train["sample_weight"] or (train["groups"] and isinstance(threshold, dict))):
        _threshold_classes("train.calibrate with train.sample_weight")  # those came with the routing
    return model


def _with_threshold(model: Any, threshold: Any) -> Any:
    fixed, tuned = _threshold_classes("train.threshold")
    if isinstance(threshold, dict):
        _check_metric(threshold["metric"])
        return tuned(model, scoring=threshold["metric"])
    return fixed(model, threshold=threshold)


def _check_metric(name: str) -> None:
    from sklearn.metrics import get_scorer

    check_scorer(name, "train.threshold.metric", CLASSES)
    if get_scorer(name)._response_method != "predict":
        raise Mistake(f"train.threshold.metric: {name} is the same for each threshold. Choose one such as f1")


def _threshold_classes(setting: str) -> tuple[Any, Any]:
    try:
        from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
    except ImportError:
        raise Mistake(f"{setting} needs scikit-learn 1.5 or later") from None
    return FixedThresholdClassifier, TunedThresholdClassifierCV


def is_decided(model: Any) -> bool:
    """Return whether a model is a classifier in a calibration or a threshold."""
    return type(model).__name__ in (_CALIBRATED, _TUNED, _FIXED)


def fit_decided(model: Any, data: Dataset) -> Any:
    """Fit a classifier in a calibration or a threshold. No group is divided by the folds within.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        If scikit-learn refuses the data, or weights for this estimator.
    """
    parts = [model, model.estimator] if is_decided(model.estimator) else [model]
    folded = [part for part in parts if type(part).__name__ != _FIXED]
    if data.groups is not None:
        _keep_groups_together(folded, data)
    if type(model).__name__ == _TUNED:
        model.set_params(scoring=scorer_for(model.scoring, data.target))
    routed = {} if data.weights is None else {"sample_weight": data.weights}
    if data.groups is not None and len(folded) > 1:
        routed["groups"] = data.groups
    if not routed:
        return model.fit(data.features, data.target)
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        if data.weights is not None:
            _ask_for_weights(model)
        return model.fit(data.features, data.target, **routed)


def _keep_groups_together(folded: list[Any], data: Dataset) -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    if len(folded) == 1:  # which older versions can do, too
        folded[0].set_params(cv=list(StratifiedGroupKFold(5).split(data.features, data.target, data.groups)))
    else:
        for part in folded:
            part.set_params(cv=StratifiedGroupKFold(5))


def _ask_for_weights(model: Any) -> None:
    """Ask for the weights in each fit and score, but not in those of the preprocessing, which never gets them."""
    for name, part in {"": model, **model.get_params()}.items():
        for method in ("fit", "score"):
            takes = inspect.signature(getattr(part, method, len)).parameters
            if hasattr(part, f"set_{method}_request") and "sample_weight" in takes:
                getattr(part, f"set_{method}_request")(sample_weight=PREPROCESSING not in name.split("__"))
    if type(model).__name__ == _TUNED:
        model.scoring.set_score_request(sample_weight=True)
