"""Ranks trials by the objectives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.statuses import COMPLETED
from runner.sweeps.ranking.facts import value_of
from runner.sweeps.records import MAXIMIZE, Objective, TrialRecord


def objective_values(objectives: Sequence[Objective], trial: TrialRecord) -> tuple[float, ...] | None:
    """Return a trial's value of each objective, or None unless all of them are finite numbers."""
    values = [value_of(trial, objective.metric) for objective in objectives]
    numbers = tuple(float(value) for value in values if value is not None)
    return numbers if numbers and len(numbers) == len(values) else None


def best_trials(objectives: Sequence[Objective], trials: Iterable[TrialRecord]) -> tuple[int, ...]:
    """Return the numbers of the best trials, ascending.

    With one objective, this is the best completed trial, and the earliest of equals. With several, it is the Pareto
    front: the completed trials that no other trial equals or beats in all objectives and beats in one. A trial that
    failed, was stopped early or has a value that is not finite is never among them.
    """
    if not objectives:
        return ()
    scores: dict[int, tuple[float, ...]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        values = objective_values(objectives, trial)
        if trial.status != COMPLETED or trial.reason is not None or values is None:
            continue
        pairs = zip(objectives, values, strict=True)
        scores[trial.number] = tuple(value if objective.goal == MAXIMIZE else -value for objective, value in pairs)
    if not scores:
        return ()
    if len(objectives) == 1:
        return (max(scores, key=lambda number: scores[number]),)
    return tuple(
        number for number, score in scores.items() if not any(_dominates(other, score) for other in scores.values())
    )


def _dominates(score: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return score != other and all(a >= b for a, b in zip(score, other, strict=True))
