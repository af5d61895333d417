"""Creates the policy from ``sweep.early_termination``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.early_stopping.termination import Bandit, Median, Truncation
from runner.sweeps.ports import Policy

_INTERVALS = ("evaluation_interval", "delay_evaluation")
_RESOURCES = ("min_resource", "max_resource", "reduction_factor")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "bandit": ("slack_factor", "slack_amount", *_INTERVALS),
    "median": _INTERVALS,
    "truncation": ("truncation_percentage", "exclude_finished_jobs", *_INTERVALS),
    "asha": _RESOURCES,
    "hyperband": _RESOURCES,
}
_AZURE = {"median_stopping": "median", "truncation_selection": "truncation"}
_LEAST = {
    "evaluation_interval": 1, "delay_evaluation": 0, "min_resource": 1, "max_resource": 1, "reduction_factor": 2,
    "truncation_percentage": 1,
}  # fmt: skip


def make_policy(settings: Mapping[str, Any], goal: str) -> Policy | None:
    """Return the policy that a mapping describes, or None if it is empty.

    Parameters
    ----------
    settings : mapping
        ``{policy: bandit, slack_factor: 0.1, evaluation_interval: 1, delay_evaluation: 5}``. Azure's names
        ``median_stopping`` and ``truncation_selection`` are accepted, and `type` for `policy`.
    goal : str
        The goal of the first objective.

    Raises
    ------
    UserError
        If it does not describe a policy.
    """
    if not settings:
        return None
    given = {name: value for name, value in settings.items() if name not in ("policy", "type") and value is not None}
    name = str(settings.get("policy") or settings.get("type") or "")
    name = _AZURE.get(name, name)
    if name not in SETTINGS:
        raise UserError(f"sweep.early_termination: unknown policy '{name}'", nearest(name, SETTINGS))
    for word, value in given.items():
        _check(name, word, value)
    if name == "bandit":
        if ("slack_factor" in given) == ("slack_amount" in given):
            raise UserError("sweep.early_termination: bandit needs either slack_factor or slack_amount, not both")
        return Bandit(goal, **given)
    if name == "median":
        return Median(goal, **given)
    if name == "truncation":
        if "truncation_percentage" not in given:
            raise UserError("sweep.early_termination: truncation needs truncation_percentage", "From 1 to 99")
        return Truncation(goal, **given)
    if given.get("min_resource", 1) > given.get("max_resource", float("inf")):
        raise UserError("sweep.early_termination: min_resource is above max_resource")
    from runner.sweeps.early_stopping.halving import Halving

    return Halving(name, goal, **given)


def _check(policy: str, word: str, value: Any) -> None:
    where = f"sweep.early_termination.{word}"
    if word not in SETTINGS[policy]:
        raise UserError(f"sweep.early_termination: {policy} has no setting '{word}'", nearest(word, SETTINGS[policy]))
    if word == "exclude_finished_jobs":
        if not isinstance(value, bool):
            raise UserError(f"{where}={value} must be true or false")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{where}={value} is not a number")
    elif word.startswith("slack"):
        if not 0 < value < float("inf"):
            raise UserError(f"{where}={value} is not above 0")
    elif (
        not math.isfinite(value)
        or int(value) != value
        or value < _LEAST[word]
        or (word == "truncation_percentage" and value > 99)
    ):
        limit = "from 1 to 99" if word == "truncation_percentage" else f"of at least {_LEAST[word]}"
        raise UserError(f"{where}={value} is not a whole number {limit}")
