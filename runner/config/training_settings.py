"""The settings of a declared training: what is fitted is composed, and no script is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass
class FeaturesConfig:
    """Which columns are features. Without `keep`, all that have no other use."""

    keep: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)


@dataclass
class TrainConfig:
    """What an estimator is fitted to, and how it is evaluated."""

    data: Optional[str] = None  # noqa: UP045
    target: Optional[str] = None  # noqa: UP045
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    groups: Optional[str] = None  # noqa: UP045
    sample_weight: Optional[str] = None  # noqa: UP045
    holdout: Any = 0.2
    cross_validation: Any = 5
    scoring: Any = None
    calibrate: Optional[str] = None  # noqa: UP045
    threshold: Any = None
    slices: list[str] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)
    seed: int = 0
    permutation_repeats: int = 5
    learning_curve: bool = False
    figures: bool = False
    final: bool = True
