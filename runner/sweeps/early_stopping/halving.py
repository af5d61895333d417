"""Early termination by successive halving: asha and hyperband, through Optuna's pruners.

asha: Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020).
hyperband: Li et al., "Hyperband" (2018).
A resource is one logged value of the metric.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runner.sweeps.records import MAXIMIZE
from runner.sweeps.search.optuna_extra import optuna


class Halving:
    """One of Optuna's pruners. It receives each value as it is logged.

    Parameters
    ----------
    goal : str
        maximize or minimize.
    min_resource, max_resource : int
        Values before the first decision, and the most that a trial logs (only for hyperband).
    reduction_factor : int
        At each rung, one trial in this many continues.
    """

    def __init__(
        self, policy: str, goal: str, min_resource: int = 1, max_resource: int | None = None, reduction_factor: int = 3
    ) -> None:
        self._optuna = optuna(f"sweep.early_termination.policy={policy}")
        pruners = self._optuna.pruners
        if policy == "asha":
            pruner = pruners.SuccessiveHalvingPruner(min_resource=min_resource, reduction_factor=reduction_factor)
        else:
            pruner = pruners.HyperbandPruner(
                min_resource=min_resource,
                max_resource="auto" if max_resource is None else max_resource,
                reduction_factor=reduction_factor,
            )
        # Hyperband assigns trials to brackets by the study's name, so the name is the same at each start.
        sampler = self._optuna.samplers.RandomSampler(seed=0)
        self._study = self._optuna.create_study(study_name="sweep", direction=goal, pruner=pruner, sampler=sampler)
        self._worst = -math.inf if goal == MAXIMIZE else math.inf
        self._last = max_resource if policy == "asha" else None
        self._trials: dict[int, Any] = {}
        self._recorded: dict[int, int] = {}
        self._stopped: set[int] = set()

    def stops(self, trial: int, reports: Mapping[int, Sequence[float]]) -> bool:
        """Return whether a running trial should be stopped. Once true, the answer does not change."""
        for number in sorted(reports):
            self._record_scores(number, reports[number])
        return trial in self._stopped

    def ended(self, trial: int) -> None:
        """Note that a trial has ended. Its values still count."""

    def _record_scores(self, number: int, values: Sequence[float]) -> None:
        if number not in self._trials:
            self._trials[number] = self._study.ask()
        trial = self._trials[number]
        for step in range(self._recorded.get(number, 0), len(values)):
            trial.report(values[step] if math.isfinite(values[step]) else self._worst, step + 1)
            if (self._last is None or step + 1 < self._last) and trial.should_prune():
                self._stopped.add(number)
        self._recorded[number] = len(values)
