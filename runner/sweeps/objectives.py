"""What a sweep is to make as large or as small as it can."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.records import GOALS, MAXIMIZE, Objective


def read_objectives(value: Any) -> tuple[Objective, ...]:
    """Return the objectives of ``sweep.objective``.

    It is a metric's name, ``minimize rmse``, a mapping of metric and goal, or a list of these.

    Raises
    ------
    UserError
        If it is none of them.
    """
    if value is None:
        return ()
    found = tuple(map(_one, value if isinstance(value, list) else [value]))
    names = [one.metric for one in found]
    if len(set(names)) != len(names):
        raise UserError("sweep.objective names a metric twice")
    return found


def _one(value: Any) -> Objective:
    if isinstance(value, str):
        first, _, rest = value.strip().partition(" ")
        if rest and first in GOALS:
            return Objective(metric=rest.strip(), goal=first)
        return Objective(metric=value.strip(), goal=MAXIMIZE)
    if not isinstance(value, dict) or not isinstance(value.get("metric"), str):
        raise UserError(f"sweep.objective={value!r} is none", "For example: {metric: Accuracy, goal: maximize}")
    for key in value:
        if key not in ("metric", "goal"):
            raise UserError(f"sweep.objective has no '{key}'", nearest(str(key), ("metric", "goal")))
    goal = value.get("goal", MAXIMIZE)
    if goal not in GOALS:
        raise UserError(f"sweep.objective.goal={goal} is not known", nearest(str(goal), GOALS))
    return Objective(metric=value["metric"], goal=goal)
