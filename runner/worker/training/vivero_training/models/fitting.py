"""Makes the model of a declaration, fits it, and cross-validates it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..declaration import Declaration
from ..mistakes import Mistake, first_line
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES, CLUSTERS, COMPONENTS, NUMBERS, OUTLIERS, SUPERVISED
from .answers import Answering
from .building import build, set_seeds
from .scoring import check_scorer, known_scorers, scorer_for

ESTIMATOR, PREPROCESSING = "estimator", "preprocessing"
_FOLDED = ("CalibratedClassifierCV", "TunedThresholdClassifierCV")  # have folds within each fit


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
        if train[name] is not None and train["sample_weight"]:
            raise Mistake(f"train.{name} cannot be combined with train.sample_weight")
    if train["groups"] and train["calibrate"] and isinstance(train["threshold"], dict):
        raise Mistake("train.groups cannot be combined with both train.calibrate and train.threshold.metric")
    if train["calibrate"] is not None:
        from sklearn.calibration import CalibratedClassifierCV

        model = CalibratedClassifierCV(model, method=train["calibrate"])
    if train["threshold"] is not None:
        model = _with_threshold(model, train["threshold"])
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


def _with_threshold(model: Any, threshold: Any) -> Any:
    try:
        from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
    except ImportError:
        raise Mistake("train.threshold needs scikit-learn 1.5 or later") from None
    if isinstance(threshold, dict):
        check_scorer(threshold["metric"], "train.threshold.metric", CLASSES)
        return TunedThresholdClassifierCV(model, scoring=threshold["metric"])
    return FixedThresholdClassifier(model, threshold=threshold)


def fit(model: Any, data: Dataset) -> Any:
    """Return a fitted copy of a model.

    Raises
    ------
    Mistake
        If scikit-learn refuses the data or a parameter.
    """
    from sklearn.base import clone

    model, options = clone(model), {}
    _keep_groups_together(model, data)
    if type(model).__name__ == "TunedThresholdClassifierCV":
        model.set_params(scoring=scorer_for(model.scoring, data.target))
    if data.weights is not None:
        options = {f"{ESTIMATOR}__sample_weight" if hasattr(model, "steps") else "sample_weight": data.weights}
    try:
        return model.fit(data.features, data.target if data.kind in SUPERVISED else None, **options)
    except (TypeError, ValueError) as error:
        raise Mistake(f"{_name(model)} cannot be fitted: {first_line(error)}{_hint(str(error))}") from None


def _keep_groups_together(model: Any, data: Dataset) -> None:
    """Give a calibration or the choice of a threshold folds that divide no group."""
    if data.groups is None:
        return
    from sklearn.model_selection import StratifiedGroupKFold

    inner = model.estimator if type(model).__name__ == "FixedThresholdClassifier" else model
    if type(inner).__name__ in _FOLDED:
        inner.set_params(cv=list(StratifiedGroupKFold(5).split(data.features, data.target, data.groups)))


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


def cross_validate(
    model: Any,
    data: Dataset,
    splits: Sequence[Any],
    scorers: Mapping[str, Any],
    report: Callable[[int, Mapping[str, list[float]]], object],
) -> tuple[dict[str, list[float]], list[float], list[float]]:
    """Fit and score a model on each fold; return its scores by scorer, and the seconds of fits and of scoring.

    Parameters
    ----------
    report : callable
        Called after each fold with its number from 1 on, and its scores.
    """
    scores: dict[str, list[float]] = {name: [] for name in scorers}
    fits, scorings = list[float](), list[float]()
    for number, (found, fitting, scoring) in enumerate(_folds(model, data, splits, scorers), 1):
        for name, value in found.items():
            scores[name].append(value)
        fits.append(fitting)
        scorings.append(scoring)
        report(number, scores)
    return scores, fits, scorings


def _folds(model: Any, data: Dataset, splits: Sequence[Any], scorers: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what `_fold` returns of each fold, in order. With ``scale_out``, they are spread over the run's cluster."""
    if not _is_spread():
        return (_fold(model, data.rows(train), data.rows(test), scorers) for train, test in splits)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=len(splits))
    if hasattr(parallel, "return_generator"):  # joblib 1.3
        parallel = Parallel(n_jobs=len(splits), return_as="generator")
    return iter(parallel(delayed(_fold)(model, data.rows(train), data.rows(test), scorers) for train, test in splits))


def _is_spread() -> bool:
    """Return whether joblib works on a cluster of Dask, which it does on its own with ``compute.scale_out``."""
    from joblib.parallel import get_active_backend

    return type(get_active_backend()[0]).__name__ == "DaskDistributedBackend"


def _fold(
    model: Any, train: Dataset, test: Dataset, scorers: Mapping[str, Any]
) -> tuple[dict[str, float], float, float]:
    """Return the scores of one fold, and the seconds of the fit and of scoring."""
    begun = time.perf_counter()
    fitted = fit(model, train)
    scored = time.perf_counter()
    return score(fitted, test, scorers), scored - begun, time.perf_counter() - scored


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
