"""Reads ``sweep.objective``: which metrics, and whether to maximize or minimize them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.records import GOALS, MAXIMIZE, MINIMIZE, Objective

_BRITISH = {"maximise": "maximize", "minimise": "minimize"}
# Words in names of metrics to minimize and to maximize; also at the end of a word: logloss.
_LESS = (
    "loss", "losses", "mae", "mse", "rmse", "mape", "msle", "deviance", "brier", "regret", "latency", "perplexity",
    "misclassification", "wer", "aic", "bic",
)  # fmt: skip
_MORE = (
    "accuracy", "acc", "auc", "auroc", "auprc", "f1", "f2", "fbeta", "precision", "recall", "sensitivity",
    "specificity", "r2", "kappa", "mcc", "matthews", "jaccard", "iou", "ndcg", "likelihood", "silhouette", "reward",
)  # fmt: skip
_MORE_ALONE = frozenset(("roc", "gain", "dice", "explained"))  # common endings of other words: again, proc
# These are minimized only if no other word may reverse them, as in lifetime and error free.
_LESS_AMONG = ("error", "errors", "time", "times", "seconds", "duration", "cost", "costs", "distance")
_AMONG = frozenset((
    "mean", "avg", "average", "median", "max", "maximum", "min", "minimum", "total", "sum", "std", "standard", "root",
    "squared", "square", "absolute", "abs", "relative", "percentage", "percent", "log", "logarithmic", "rate", "scaled",
    "normalized", "normalised", "symmetric", "weighted", "val", "valid", "validation", "train", "training", "test",
    "testing", "eval", "evaluation", "dev", "cv", "holdout", "oob", "fit", "score", "scoring", "predict", "prediction",
    "inference", "run", "wall", "clock", "cpu", "gpu", "elapsed", "execution", "response", "build", "reconstruction",
    "generalization", "classification", "regression", "calibration", "quantile", "macro", "micro", "final", "best",
    "last", "epoch", "fold", "batch", "step", "in", "per", "ms", "neg", "negative", "l1", "l2", "edit", "hamming",
    "euclidean", "wasserstein", "word", "character", "job", "trial", "model", "sklearn",
))  # fmt: skip
# Words that reverse the goal of a name, or may do so.
_TURNING = frozenset((
    "free", "reduction", "reduced", "improvement", "improved", "saved", "saving", "savings", "avoided", "without",
    "drop", "decrease", "delta", "gap", "up", "survival",
))  # fmt: skip
_HARDLY = "score"  # maximized, unless another word decides: a brier score is minimized
_WORDS = re.compile(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*(?![a-z])")


def read_objectives(value: Any) -> tuple[Objective, ...]:
    """Return the objectives that a setting describes.

    ``accuracy`` and ``maximize accuracy`` are texts for one; ``{metric: loss, goal: minimize}`` is a mapping for one; a
    list of these means several. None means no objective. Without a goal, the metric's name decides.

    Raises
    ------
    UserError
        If it is invalid, names a metric twice, or the goal of a metric is unknown.
    """
    if value is None:
        return ()
    objectives = tuple(_one(item) for item in (value if isinstance(value, list | tuple) else [value]))
    metrics = [objective.metric for objective in objectives]
    for metric in metrics:
        if metrics.count(metric) > 1:
            raise UserError(f"sweep.objective names {metric} twice")
    return objectives


def _one(value: Any) -> Objective:
    if isinstance(value, str):
        # A metric's name may have spaces, so only a leading goal is removed.
        first, _, rest = value.strip().partition(" ")
        if rest and _BRITISH.get(first.lower(), first.lower()) in GOALS:
            return _checked(rest.strip(), first)
        return _checked(value.strip(), None)
    if not isinstance(value, Mapping):
        raise UserError(f"sweep.objective={value!r} is not an objective", "For example: {metric: loss, goal: minimize}")
    for key in value:
        if key not in ("metric", "goal"):
            raise UserError(f"sweep.objective has no setting '{key}'", nearest(str(key), ("metric", "goal")))
    return _checked(value.get("metric"), value.get("goal"))


def _checked(metric: Any, goal: Any) -> Objective:
    if not isinstance(metric, str) or not metric:
        raise UserError("sweep.objective needs the name of a metric", "For example: sweep.objective=accuracy")
    word = _goal_of(metric) if goal is None else _BRITISH.get(str(goal).lower(), str(goal).lower())
    if word not in GOALS:
        raise UserError(f"sweep.objective: {goal} is not a goal", nearest(word, GOALS))
    return Objective(metric=metric, goal=word)


def _goal_of(metric: str) -> str:
    """Return the goal that a metric's name implies, as ``val_loss``, ``RMSE`` and scikit-learn's ``neg_log_loss`` do.

    Raises
    ------
    UserError
        If it implies none or both.
    """
    words = {word.lower() for word in _WORDS.findall(metric)}
    less = any(word.endswith(_LESS) for word in words) or _is_less_among(words)
    more = any(word.endswith(_MORE) or word in _MORE_ALONE for word in words) or (_HARDLY in words and not less)
    if less == more or words & _TURNING:
        raise UserError(
            f"sweep.objective={metric}: the name does not show whether higher or lower is better",
            f"Write sweep.objective='maximize {metric}' or sweep.objective='minimize {metric}'",
        )
    if {"neg", "negative"} & words:
        less = not less
    return MINIMIZE if less else MAXIMIZE


def _is_less_among(words: set[str]) -> bool:
    """Return whether a name means an error, a time or a cost, and all its other words are known to be neutral."""
    is_less = False
    for word in words:
        ending = next((suffix for suffix in _LESS_AMONG if word.endswith(suffix)), None)
        before = word[: -len(ending)] if ending else word
        is_less = is_less or ending is not None
        if before and not _AMONG & {before, before.rstrip("0123456789")} and not word.endswith(_LESS):
            return False
    return is_less
