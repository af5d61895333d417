"""Searches: what the next trial tries. Each is one file behind `runner.sweeps.ports.Search`."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError, nearest
from runner.schema import SEARCHES
from runner.sweeps.ports import Search
from runner.sweeps.records import Objective
from runner.sweeps.space import Space


def make_search(name: str, space: Space, settings: Any, objectives: tuple[Objective, ...]) -> Search:
    """Return a search.

    Parameters
    ----------
    settings : SweepConfig
        The composition's ``sweep``.

    Raises
    ------
    UserError
        If it does not go with the space or the settings.
    """
    if name not in SEARCHES:
        raise UserError(f"There is no search '{name}' (sweep.sweeper)", nearest(name, SEARCHES))
    if not space.parameters:
        raise UserError("Nothing varies", "For example: job.arguments.kernel=linear,rbf, or name ranges in sweep.space")
    if name == "grid":
        from runner.sweeps.search.grid import GridSearch

        return GridSearch(space, settings.max_trials)
    if settings.max_trials is None:
        raise UserError(f"A {name} search goes on without end", "Say how long: sweep.max_trials=20")
    if name == "random":
        from runner.sweeps.search.random import RandomSearch

        return RandomSearch(space, settings.max_trials, settings.seed)
    if name == "sobol":
        from runner.sweeps.search.sobol import SobolSearch

        return SobolSearch(space, settings.max_trials, settings.seed)
    if not objectives:
        raise UserError("A bayesian search needs sweep.objective", "For example: sweep.objective='maximize Accuracy'")
    from runner.sweeps.search.bayesian import BayesianSearch

    return BayesianSearch(space, settings.max_trials, settings.seed, objectives)
