"""Reads and checks the settings of a step that runs over pieces of an input."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from runner.config.pipeline_settings import ParallelConfig, StepConfig
from runner.errors import UserError, nearest, nearest_key
from runner.pipelines.planning.references import INPUT, STEP

_BATCH = re.compile(r"([1-9][0-9]{0,11})\s*(files?|rows?)?")
FILES, ROWS = "files", "rows"


@dataclass(frozen=True)
class Division:
    """How an input is divided and the outputs are joined.

    Parameters
    ----------
    input : str
        The name of the input.
    size : int
        The most files or rows in a piece.
    unit : str
        ``files`` or ``rows``.
    error_threshold : int
        How many files or rows may fail; -1 for any number.
    append_to : str or None
        The output to which each piece adds, as a path in the outputs folder.
    """

    input: str
    size: int
    unit: str
    error_threshold: int = 0
    append_to: str | None = None


def read_division(step: str, settings: StepConfig, inputs: Collection[str]) -> Division | None:
    """Return how the input of a step is divided, or None for a step that is not parallel.

    Parameters
    ----------
    step : str
        The step's name.
    inputs : collection of str
        The names of the step's data inputs.

    Raises
    ------
    UserError
        If a key is unknown, has an invalid value, or cannot be combined with ``parallel``.
    """
    if not settings.parallel:
        return None
    place = f"pipeline.steps.{step}.parallel"
    for option in ("pipeline", "model"):
        if getattr(settings, option):
            raise UserError(
                f"pipeline.steps.{step} has both parallel and {option}", f"Move {option} to a step of its own"
            )
    given = _known(place, settings.parallel)
    size, unit = _batch(place, given.mini_batch)
    name = _input(place, given.inputs, inputs)
    return Division(name, size, unit, _threshold(place, given.error_threshold), _append_to(place, given.append_to))


def _known(place: str, given: Mapping[str, Any]) -> ParallelConfig:
    names = [field.name for field in dataclasses.fields(ParallelConfig)]
    for key in given:
        if key not in names:
            raise UserError(f"Unknown key '{place}.{key}'", nearest_key(f"{place}.{key}", names))
    return ParallelConfig(**given)


def _batch(place: str, given: Any) -> tuple[int, str]:
    match = _BATCH.fullmatch(str(given).strip()) if isinstance(given, str | int) else None
    if match is None or isinstance(given, bool):
        raise UserError(f"{place}.mini_batch={given} is not valid", 'Write "5 files", "1000 rows" or a number of files')
    return int(match[1]), ROWS if (match[2] or "").startswith("row") else FILES


def _input(place: str, given: Any, inputs: Collection[str]) -> str:
    """Return the name of the input that is divided. A reference to a step is an input with that name."""
    for pattern in (INPUT, STEP):
        match = pattern.fullmatch(given.strip()) if isinstance(given, str) else None
        if match is not None:
            if match[1] in inputs:
                return match[1]
            raise UserError(
                f"{place}.inputs: '{match[1]}' is not an input of the step",
                nearest(match[1], inputs) if inputs else f"Set data.inputs.{match[1]}",
            )
    what = f"{place}.inputs={given} is not an input" if given else f"{place} has no inputs"
    raise UserError(what, "Write ${input:NAME} or ${step:STEP.OUTPUT}")


def _threshold(place: str, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < -1:
        raise UserError(
            f"{place}.error_threshold={given} is not valid",
            "Give the number of files or rows that may fail, -1 for any number",
        )
    return given


def _append_to(place: str, given: Any) -> str | None:
    if given is None:
        return None
    path = PurePosixPath(given) if isinstance(given, str) else PurePosixPath()
    if not path.name or path.is_absolute() or ".." in path.parts or "\0" in str(path) or str(given).endswith("/"):
        raise UserError(
            f"{place}.append_to={given!r} is not a file in the outputs folder", "Give a name such as predictions.csv"
        )
    return str(path)
