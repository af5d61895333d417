"""Optuna's tree of Parzen estimators, asked whenever a slot is free (ask and tell, optuna.readthedocs.io)."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError
from runner.records import COMPLETED
from runner.sweeps.distributions import Choice, Interval
from runner.sweeps.ports import Suggestion
from runner.sweeps.records import EARLY, Objective, TrialRecord
from runner.sweeps.space import Parameter, Space


class BayesianSearch:
    """Learns from every trial that has ended.

    Trials at work are taken to be bad for the moment (``constant_liar``), so that slots do not all try the same. One
    that a policy stopped counts with the value it had: worse than it might have become, which is why it was stopped.
    One that failed teaches where not to look again.
    """

    def __init__(self, space: Space, max_trials: int, seed: int, objectives: tuple[Objective, ...]) -> None:
        try:
            import optuna
        except ImportError:
            raise UserError("A bayesian search needs Optuna", "pip install 'optuna>=5,<6'") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna, self._space = optuna, space
        self._distributions = {one.key: _distribution(optuna, one) for one in space.parameters}
        goals: list[Any] = [one.goal for one in objectives]
        self._study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True),
            directions=goals,
        )
        self._at_work: dict[int, Any] = {}
        self.total: int | None = max_trials

    def ask(self, number: int) -> Suggestion | None:
        """Return what is most promising by what is known now."""
        if self.total is not None and number >= self.total:
            return None
        asked = self._at_work[number] = self._study.ask(self._distributions)
        quantiles = {one.key: _outer(one, asked.params[one.key]) for one in self._space.parameters}
        found = [one.at(quantiles[one.key]) for one in self._space.parameters]
        parameters = {one.key: value for one, (value, _) in zip(self._space.parameters, found, strict=True)}
        return Suggestion(parameters, tuple(override for _, override in found))

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn how a trial ended; one of another sweep whose values are not of this space is left out."""
        states = self._optuna.trial.TrialState
        counts = values is not None and (trial.status == COMPLETED or trial.reason == EARLY)
        state = states.COMPLETE if counts else states.FAIL
        asked = self._at_work.pop(trial.number, None)
        if asked is not None:
            self._study.tell(asked, list(values) if counts and values is not None else None, state=state)
            return
        inner = {one.key: _inner(one, trial.parameters.get(one.key)) for one in self._space.parameters}
        if any(one is None for one in inner.values()):
            return
        known = self._optuna.trial.create_trial(
            params=inner, distributions=self._distributions, values=list(values) if counts and values else None,
            state=state,
        )  # fmt: skip
        self._study.add_trial(known)


def _distribution(optuna: Any, parameter: Parameter) -> Any:
    """Return Optuna's form: places for choices, quantiles for ranges, whose scale is in the quantile function."""
    one = parameter.distribution
    if isinstance(one, Choice):
        return optuna.distributions.CategoricalDistribution(range(len(one.values)))
    if isinstance(one, Interval) and one.whole and not one.log:
        return optuna.distributions.IntDistribution(0, int(one.high - one.low))
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _outer(parameter: Parameter, inner: Any) -> float:
    """Return the quantile of Optuna's value."""
    one = parameter.distribution
    if isinstance(one, Choice):
        return (float(inner) + 0.5) / len(one.values)
    if isinstance(one, Interval) and one.whole and not one.log:
        return float((inner + 0.5) / (one.high - one.low + 1))
    return float(inner)


def _inner(parameter: Parameter, value: Any) -> Any:
    """Return Optuna's value of one that was tried, None if it is not of the space."""
    one = parameter.distribution
    u = one.quantile(value)
    if u is None:
        return None
    if isinstance(one, Choice):
        return one.index(u)
    if isinstance(one, Interval) and one.whole and not one.log:
        return int(value - one.low)
    return u
