"""Which trials of a sweep are best: one, or those that no other beats in every objective."""

from __future__ import annotations

from collections.abc import Sequence

from runner.records import COMPLETED
from runner.sweeps.facts import value_of
from runner.sweeps.records import MINIMIZE, Objective, TrialRecord


def best_trials(objectives: Sequence[Objective], trials: Sequence[TrialRecord]) -> tuple[int, ...]:
    """Return the numbers of the best completed trials, of several that are equal in one objective the first."""
    costs = _costs(objectives, trials)
    if not costs:
        return ()
    if len(objectives) == 1:
        return (min(costs, key=lambda number: (costs[number], number)),)
    # In this order a trial can only be dominated by one before it.
    front: list[int] = []
    for number in sorted(costs, key=lambda one: (costs[one], one)):
        if not any(_dominates(costs[other], costs[number]) for other in front):
            front.append(number)
    return tuple(sorted(front))


def _costs(objectives: Sequence[Objective], trials: Sequence[TrialRecord]) -> dict[int, tuple[float, ...]]:
    """Return what is to become small of each trial that has a value for every objective."""
    found = {}
    for trial in trials:
        values = [value_of(trial, one.metric) for one in objectives]
        if trial.status == COMPLETED and values:
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                signs = (1 if one.goal == MINIMIZE else -1 for one in objectives)
                found[trial.number] = tuple(sign * value for sign, value in zip(signs, known, strict=True))
    return found


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
