"""The settings of a pipeline and of its steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from runner.config.data_settings import EACH
from runner.errors import UserError, nearest_key

# OmegaConf reads these annotations at run time and knows `Optional[X]`, not `X | None`, in nested positions.


@dataclass
class StepConfig:
    """One step. `job`, `data`, `environment`, `compute` and `model` are what differs from the composition."""

    job: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    environment: Any = None
    compute: Any = None
    model: dict[str, Any] = field(default_factory=dict)
    pipeline: dict[str, Any] = field(default_factory=dict)
    parallel: dict[str, Any] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    reuse: bool = True
    retries: int = 0


@dataclass
class PipelineConfig:
    """Steps that pass their outputs to later steps. Without steps, the composition is a single run."""

    parameters: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict, metadata={EACH: StepConfig})
    model: dict[str, Any] = field(default_factory=dict)
    only: list[str] = field(default_factory=list)
    from_step: Optional[str] = None  # noqa: UP045
    force: bool = False
    continue_on_step_failure: bool = False
    max_concurrent: Optional[int] = None  # noqa: UP045


@dataclass
class ParallelConfig:
    """A step that runs its script over pieces of an input, on all slots."""

    inputs: str = ""
    mini_batch: str = "10 files"
    error_threshold: int = 0
    append_to: Optional[str] = None  # noqa: UP045


def read_step(name: str, given: Any) -> StepConfig:
    """Return the settings of a step.

    Raises
    ------
    UserError
        If they are not a mapping, or a key is unknown or has a value of another kind.
    """
    step = _read(f"pipeline.steps.{name}", given, StepConfig)
    if step.retries < 0:
        raise UserError(f"pipeline.steps.{name}.retries={step.retries} must not be below 0")
    return step


def _read(place: str, given: Any, kind: type[StepConfig]) -> StepConfig:
    if not isinstance(given, Mapping):
        raise UserError(f"{place} must be a mapping, such as {{job: {{script: train.py}}}}, not {given}")
    empty, known = kind(), [field_.name for field_ in dataclasses.fields(kind)]
    for key, value in given.items():
        if key not in known:
            raise UserError(f"Unknown key '{place}.{key}'", nearest_key(f"{place}.{key}", known))
        _check_kind(f"{place}.{key}", value, getattr(empty, key))
    return kind(**{key: value for key, value in given.items() if value is not None})


def _check_kind(place: str, value: Any, default: Any) -> None:
    if value is None or default is None:
        return
    kinds = {dict: "a mapping", list: "a list of names", bool: "true or false", int: "a whole number"}
    right = isinstance(value, type(default)) and (isinstance(value, bool) == isinstance(default, bool))
    if right and isinstance(default, list):
        right = all(isinstance(item, str) for item in value)
    if not right:
        raise UserError(f"{place} must be {kinds[type(default)]}, not {value}")
