"""The declaration of a training, which the controller has checked and passes on as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

VARIABLE = "VIVERO_TRAINING"
INPUTS = {"train": "VIVERO_INPUT_TRAIN", "holdout": "VIVERO_INPUT_HOLDOUT"}
BUNDLED = "sklearn:"
PACKAGES = ("sklearn", "xgboost", "lightgbm")


class Declaration:
    """What is trained.

    Attributes
    ----------
    estimator, preprocessing : dict or None
        Trees with ``_target_``.
    train : dict
        The composition's section ``train``, with holdout, cross-validation and scoring in their long forms.
    is_final : bool
        Whether a model is fitted to all training rows and scored on the holdout. A trial only cross-validates.
    """

    def __init__(self, content: Mapping[str, Any], places: Mapping[str, str | None]) -> None:
        self.estimator, self.preprocessing = content["estimator"], content["preprocessing"]
        self.train: dict[str, Any] = content["train"]
        self.is_final = content["mode"] == "full"
        self.allowed = (*PACKAGES, *self.train["allow"])
        self._places = places

    def place(self, name: str) -> str:
        """Return where the rows of ``train`` or ``holdout`` are: a path, or ``sklearn:NAME``."""
        given: str = self.train["data"] if name == "train" else self.train["holdout"]["data"]
        return given if given.startswith(BUNDLED) else str(self._places[name])


def read_declaration() -> Declaration:
    """Return the declaration of this run."""
    places = {name: os.environ.get(variable) for name, variable in INPUTS.items()}
    return Declaration(json.loads(os.environ[VARIABLE]), places)
