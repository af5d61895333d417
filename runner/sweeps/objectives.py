"""What a sweep is after, as ``sweep.objective`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.records import GOALS, MAXIMIZE, Objective

_BRITISH = {"maximise": "maximize", "minimise": "minimize"}


def read_objectives(value: Any) -> tuple[Objective, ...]:
    """Return the objectives that a setting describes.

    ``accuracy`` and ``maximize accuracy`` are texts for one; ``{metric: loss, goal: minimize}`` is a mapping for one; a
    list of any of these is several. Nothing gives none.

    Raises
    ------
    UserError
        If it describes none, or one metric twice.
    """
    if value is None:
        return ()
    found = tuple(_one(item) for item in (value if isinstance(value, list | tuple) else [value]))
    metrics = [objective.metric for objective in found]
    for metric in metrics:
        if metrics.count(metric) > 1:
            raise UserError(f"sweep.objective names {metric} twice")
    return found


def _one(value: Any) -> Objective:
    if isinstance(value, str):
        # A metric's name may have spaces: only a goal in front is taken off.
        first, _, rest = value.strip().partition(" ")
        if rest and _BRITISH.get(first.lower(), first.lower()) in GOALS:
            return _checked(rest.strip(), first)
        return _checked(value.strip(), MAXIMIZE)
    if not isinstance(value, Mapping):
        raise UserError(f"sweep.objective: {value!r} is no objective", "For example: {metric: loss, goal: minimize}")
    for key in value:
        if key not in ("metric", "goal"):
            raise UserError(f"sweep.objective has no '{key}'", nearest(str(key), ("metric", "goal")))
    return _checked(value.get("metric"), value.get("goal", MAXIMIZE))


def _checked(metric: Any, goal: Any) -> Objective:
    if not isinstance(metric, str) or not metric:
        raise UserError("sweep.objective needs the name of a metric", "For example: sweep.objective=accuracy")
    word = _BRITISH.get(str(goal).lower(), str(goal).lower())
    if word not in GOALS:
        raise UserError(f"sweep.objective: {goal} is no goal", nearest(word, GOALS))
    return Objective(metric=metric, goal=word)
