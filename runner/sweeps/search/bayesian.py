"""Learns from earlier trials with Optuna's tree-structured Parzen estimator (Bergstra et al., 2011)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.statuses import COMPLETED
from runner.sweeps.ports import Suggestion
from runner.sweeps.records import EARLY, Objective, TrialRecord
from runner.sweeps.search.optuna_extra import optuna
from runner.sweeps.space.search_space import Space

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class Bayesian:
    """Suggestions of TPE, requested while other trials are running.

    Running trials count as bad (`constant_liar`), so that concurrent suggestions differ. The sampler is seeded for each
    suggestion from the seed and the trial's number, so a resumed sweep with the same results continues as it would
    have.

    Attributes
    ----------
    left_out : list of str
        One line for each trial that could not be used because its parameters are outside this space.
    """

    def __init__(self, space: Space, seed: int, max_trials: int, objectives: Sequence[Objective]) -> None:
        self._optuna = optuna("sweep.sweeper=bayesian")
        self._space, self._seed = space, seed
        self.total: int | None = max_trials
        self.left_out: list[str] = []
        self._goals = [objective.goal for objective in objectives]
        self._raw = {parameter.name: parameter.distribution.optuna() for parameter in space.parameters}
        self._study = self._optuna.create_study(directions=self._goals)
        self._asked: dict[int, Any] = {}

    def ask(self, number: int) -> Suggestion | None:
        """Return TPE's suggestion for trial `number`."""
        if self.total is None or number >= self.total:
            return None
        self._study.sampler = self._optuna.samplers.TPESampler(
            seed=(self._seed * 1_000_003 + number) % 2**32, constant_liar=True, multivariate=True, n_startup_trials=10
        )
        trial = self._study.ask(self._raw)
        self._asked[number] = trial
        return self._space.suggest(
            [parameter.distribution.decode(trial.params[parameter.name]) for parameter in self._space.parameters]
        )

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Record how a trial ended.

        A trial that was stopped early counts as completed with its value at that time, which is worse than it might
        have become but shows which regions are poor. Optuna accepts pruned trials only with a value for each step, and
        not at all with several objectives. A trial without a finite value has failed, and TPE ignores it.
        """
        usable = values is not None and len(values) == len(self._goals) and all(map(math.isfinite, values))
        ended = trial.status == COMPLETED or trial.reason == EARLY
        results = list(values) if values is not None and usable and ended else None
        pending = self._asked.pop(trial.number, None)
        if pending is None:
            self._add(trial, results)
        elif results is None:
            self._study.tell(pending, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(pending, results)

    def _add(self, trial: TrialRecord, results: list[float] | None) -> None:
        """Add a trial that this search did not suggest, from an earlier sweep or from before a resume."""
        parameters: dict[str, Any] = {}
        for parameter in self._space.parameters:
            raw = (
                parameter.distribution.encode(trial.parameters[parameter.name])
                if parameter.name in trial.parameters
                else None
            )
            if raw is None:
                self.left_out.append(f"trial {trial.number} of {trial.run}: its {parameter.name} is outside this space")
                return
            parameters[parameter.name] = raw
        self._study.add_trial(self._frozen(parameters, results))

    def _frozen(self, parameters: dict[str, Any], results: list[float] | None) -> FrozenTrial:
        states = self._optuna.trial.TrialState
        frozen: FrozenTrial = self._optuna.trial.create_trial(
            state=states.FAIL if results is None else states.COMPLETE,
            params=parameters,
            distributions=self._raw,
            values=results,
        )
        return frozen
