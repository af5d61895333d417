"""What a training works with, from its data on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .declaration import Declaration
from .recording import Recorder
from .tables.datasets import Dataset


@dataclass
class Training:
    """A training whose model is not fitted yet.

    Attributes
    ----------
    rows, test : Dataset
        The rows to train on and those held out, None without a holdout.
    scorers : dict
        By name. The first one decides.
    described, split : list of str, and str
        Lines about the data, and one about its split.
    evaluation : dict
        What is found, for ``evaluation.json``.
    """

    declaration: Declaration
    recorder: Recorder
    model: Any
    rows: Dataset
    test: Dataset | None
    scorers: Mapping[str, Any]
    described: list[str]
    split: str
    evaluation: dict[str, Any] = field(
        default_factory=lambda: dict[str, Any](cross_validation={}, dummy={}, holdout={})
    )

    @property
    def first(self) -> str:
        """The name of the scorer that decides, empty for outliers without a target."""
        return next(iter(self.scorers), "")
