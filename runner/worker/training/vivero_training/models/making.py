"""Makes the unfitted model of a declaration."""

from __future__ import annotations

from typing import Any

from ..declaration import Declaration
from ..mistakes import Mistake
from ..tables.roles import CLASSES, CLUSTERS, COMPONENTS, NUMBERS, OUTLIERS
from .building import build, set_seeds
from .decisions import PREPROCESSING, decide
from .fitting import ESTIMATOR


def make_model(declaration: Declaration) -> tuple[Any, str]:
    """Return the unfitted model and its kind: ``classes``, ``numbers``, ``clusters``, ``outliers`` or ``components``.

    Raises
    ------
    Mistake
        If the declaration does not describe an estimator of one of these kinds.
    """
    from sklearn.pipeline import Pipeline

    train = declaration.train
    model = build(declaration.estimator, ESTIMATOR, declaration.allowed)
    kind = _kind(model)
    if declaration.preprocessing is not None:
        before = build(declaration.preprocessing, PREPROCESSING, declaration.allowed)
        model = Pipeline([(PREPROCESSING, before), (ESTIMATOR, model)])
    for name in ("calibrate", "threshold"):
        if train[name] is not None and kind != CLASSES:
            raise Mistake(f"train.{name} needs a classifier")
    model = decide(model, train)
    set_seeds(model, train["seed"])
    return model, kind


def _kind(model: Any) -> str:
    from sklearn.base import is_classifier, is_outlier_detector, is_regressor

    name = type(model).__name__
    if is_classifier(model):
        return CLASSES
    if is_regressor(model):
        return NUMBERS
    if is_outlier_detector(model) or hasattr(model, "fit_predict"):
        if not hasattr(model, "predict"):
            hint = (
                "Set estimator.novelty=true" if hasattr(model, "novelty") else "Choose one with predict, such as KMeans"
            )
            raise Mistake(f"{ESTIMATOR}: {name} cannot be applied to other rows. {hint}")
        return OUTLIERS if is_outlier_detector(model) else CLUSTERS
    if hasattr(model, "n_components") and hasattr(model, "inverse_transform"):
        return COMPONENTS
    raise Mistake(f"{ESTIMATOR}: {name} is neither a classifier nor a regressor, and finds no clusters or components")
