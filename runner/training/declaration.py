"""What the training program is told: the estimator and the settings of its training, as one JSON text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from runner.config.limits.yaml_files import TARGET
from runner.config.training_settings import TrainConfig
from runner.errors import UserError, nearest, nearest_key
from runner.worker.job_order import TRAINING

VARIABLE = TRAINING
BUNDLED = "sklearn:"  # before the name of a data set that scikit-learn ships
MOST_CHARACTERS = 100_000  # of the text; Linux allows 131,072 for one variable
_HOLDOUTS = (("size", "stratify", "seed"), ("data",), ("after", "column"))
_FOLDS = ("folds", "repeats", "shuffle")
_CALIBRATIONS = ("isotonic", "sigmoid")


def declaration_text(plain: Mapping[str, Any], settings: TrainConfig) -> str:
    """Return the declaration of a training as JSON.

    Parameters
    ----------
    plain : Mapping
        The composition as plain data, of which ``estimator`` and ``preprocessing`` are read.
    settings : TrainConfig
        Its section ``train``.

    Raises
    ------
    UserError
        If a setting is invalid, or the text is too long.
    """
    train = dict(plain["train"])
    final = train.pop("final")
    train.update(
        holdout=_holdout(settings), cross_validation=_cross_validation(settings), scoring=_scoring(settings.scoring)
    )
    _check_choices(settings)
    declaration = {
        "estimator": plain["estimator"],
        "preprocessing": plain["preprocessing"] or None,
        "train": train,
        "mode": "full" if final else "trial",
    }
    try:
        text = json.dumps(declaration, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UserError(f"estimator: a value cannot be passed on ({error})", "Use texts and finite numbers") from None
    if len(text) > MOST_CHARACTERS:
        raise UserError(f"The declared training has {len(text)} characters", f"The limit is {MOST_CHARACTERS}")
    return text


def _holdout(settings: TrainConfig) -> Mapping[str, Any] | None:
    """Return the holdout in its long form."""
    given = settings.holdout
    if given is None or given is False:
        return None
    if _is_number(given):
        given = {"size": given}
    if not isinstance(given, Mapping):
        raise UserError(
            f"train.holdout={given} is not valid",
            "Give a share such as 0.2, {data: NAME}, or {after: DATE, column: NAME}",
        )
    form = next((form for form in _HOLDOUTS if set(given) & set(form)), _HOLDOUTS[0])
    _check_keys("train.holdout", given, form)
    if form != _HOLDOUTS[0]:
        absent = [key for key in form if given.get(key) is None]
        if absent:
            raise UserError(f"train.holdout needs {absent[0]} too", f"Set train.holdout.{absent[0]}")
        return dict(given)
    size = given.get("size", 0.2)
    if not _is_number(size) or not 0 < size < math.inf or (size >= 1 and size != int(size)):
        raise UserError(
            f"train.holdout.size={size} is not a share or a number of rows",
            "Give a share such as 0.2, or rows such as 500",
        )
    if size == 1:
        raise UserError("train.holdout.size=1 leaves no rows to train on", "Give a share below 1")
    return {"size": size, "stratify": given.get("stratify"), "seed": given.get("seed", settings.seed)}


def _cross_validation(settings: TrainConfig) -> Mapping[str, Any] | None:
    """Return the cross-validation in its long form."""
    given = settings.cross_validation
    if given is None or given is False:
        if not settings.final:
            raise UserError(
                "train.cross_validation=null leaves nothing to do with train.final=false", "Remove one of them"
            )
        return None
    if _is_number(given):
        given = {"folds": given}
    if not isinstance(given, Mapping):
        raise UserError(
            f"train.cross_validation={given} is not valid", "Give the number of folds, or {folds: 5, repeats: 3}"
        )
    if TARGET in given:
        return dict(given)
    _check_keys("train.cross_validation", given, _FOLDS)
    made = {"folds": 5, "repeats": 1, **given}
    for name, least in (("folds", 2), ("repeats", 1)):
        value = made[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UserError(f"train.cross_validation.{name}={value} must be a whole number from {least} on")
    return made


def _scoring(given: Any) -> list[str]:
    names = [given] if isinstance(given, str) else given or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"train.scoring={given} is not valid", "Give names of scorers, such as [roc_auc, accuracy]")
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise UserError(f"train.scoring: '{name}' is not a scorer", "For example: train.scoring=[roc_auc,accuracy]")
    return list(dict.fromkeys(names))


def _check_choices(settings: TrainConfig) -> None:
    if settings.calibrate is not None and settings.calibrate not in _CALIBRATIONS:
        raise UserError(
            f"train.calibrate={settings.calibrate} is not valid", nearest(settings.calibrate, _CALIBRATIONS)
        )
    threshold = settings.threshold
    if isinstance(threshold, Mapping):
        _check_keys("train.threshold", threshold, ("metric",))
        if not isinstance(threshold.get("metric"), str):
            raise UserError("train.threshold needs a metric", "For example: train.threshold={metric: f1}")
    elif threshold is not None and not (_is_number(threshold) and 0 < threshold < 1):
        raise UserError(f"train.threshold={threshold} must be between 0 and 1, or {{metric: f1}}")
    if settings.permutation_repeats < 0:
        raise UserError(f"train.permutation_repeats={settings.permutation_repeats} must not be negative")
    if not 0 <= settings.seed < 2**32:
        raise UserError(f"train.seed={settings.seed} must be from 0 to {2**32 - 1}")


def _check_keys(place: str, given: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise UserError(f"Unknown key '{place}.{key}'", nearest_key(f"{place}.{key}", known))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
