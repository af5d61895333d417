"""Chooses the scorers of a training. For each, a higher value is better."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

from ..mistakes import Mistake, nearest
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES, NUMBERS, SUPERVISED
from .measures import measures

_NEED = {"roc_auc": ("predict_proba", "decision_function"), "neg_log_loss": ("predict_proba",)}
_BINARY = ("roc_auc", "accuracy", "neg_log_loss")
_SEVERAL = ("accuracy", "f1_macro", "neg_log_loss")
_NUMBERS = ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")
# Where scikit-learn defines scores of one kind of target only.
_KINDS = {
    "sklearn.metrics._regression": NUMBERS,
    "sklearn.metrics._classification": CLASSES,
    "sklearn.metrics._ranking": CLASSES,
    "sklearn.metrics._scorer": CLASSES,  # of likelihood ratios
}


def scorers(model: Any, data: Dataset, names: Sequence[str]) -> dict[str, Any]:
    """Return the scorers by name: the named ones, or those that suit the target and the model.

    Raises
    ------
    Mistake
        If scikit-learn has no such scorer.
    """
    from sklearn.metrics import get_scorer

    if data.kind not in SUPERVISED:
        if names:
            raise Mistake(f"train.scoring has no effect on an estimator that finds {data.kind}. Remove it")
        return measures(data)
    labels = sorted(data.target.unique()) if data.kind == CLASSES else []
    for name in names:
        check_scorer(name, "train.scoring", data.kind)
    chosen = names or [name for name in _usual(data, labels) if _can(model, name)]
    return {name: _positive(get_scorer(name), labels) for name in chosen}


def check_scorer(name: str, setting: str, kind: str) -> None:
    """Check that scikit-learn has a scorer of this name, and that it is for what the estimator predicts.

    Raises
    ------
    Mistake
        Naming the nearest one, or some that are.
    """
    from sklearn.metrics import get_scorer

    if name not in known_scorers():
        raise Mistake(f"{setting}: scikit-learn has no scorer '{name}'{nearest(name, known_scorers())}")
    suits = _KINDS.get(get_scorer(name)._score_func.__module__, kind)
    if suits != kind:
        usual = ", ".join(_NUMBERS if kind != CLASSES else _SEVERAL)
        raise Mistake(f"{setting}: {name} is for {suits}, but the estimator predicts {kind}. For {kind}: {usual}")


def scorer_for(name: str, target: Any) -> Any:
    """Return a scorer of scikit-learn. Of two classes, the last one counts as positive."""
    from sklearn.metrics import get_scorer

    return _positive(get_scorer(name), sorted(target.unique()))


def known_scorers() -> Sequence[str]:
    """Return the names of scikit-learn's scorers."""
    from sklearn import metrics

    return metrics.get_scorer_names() if hasattr(metrics, "get_scorer_names") else sorted(metrics.SCORERS)


def _usual(data: Dataset, labels: Sequence[Any]) -> Sequence[str]:
    if data.kind != CLASSES:
        return _NUMBERS
    return _BINARY if len(labels) == 2 else _SEVERAL


def _can(model: Any, name: str) -> bool:
    return name not in _NEED or any(hasattr(model, method) for method in _NEED[name])


def _positive(scorer: Any, labels: Sequence[Any]) -> Any:
    """Return a scorer of two classes for which the last label counts as positive, as it does in scikit-learn's own."""
    takes = inspect.signature(scorer._score_func).parameters
    if (
        len(labels) != 2
        or set(labels) in ({0, 1}, {-1, 1})
        or "pos_label" not in takes
        or "pos_label" in scorer._kwargs
    ):
        return scorer
    if scorer._kwargs.get("average", "binary") != "binary":
        return scorer
    made = copy.copy(scorer)
    made._kwargs = {**scorer._kwargs, "pos_label": labels[1]}
    return made
