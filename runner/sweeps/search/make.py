"""Creates a search from settings."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.schema import SEARCHES
from runner.errors import UserError, nearest
from runner.sweeps.ports import Search
from runner.sweeps.records import Objective
from runner.sweeps.search.grid import Grid
from runner.sweeps.space.search_space import Space


@dataclass(frozen=True)
class SearchSettings:
    """The settings of a search. `max_trials` may be None only for a grid."""

    sweeper: str = "grid"
    seed: int = 0
    max_trials: int | None = None
    objectives: tuple[Objective, ...] = ()


def make_search(settings: SearchSettings, space: Space) -> Search:
    """Return the search that settings name.

    Raises
    ------
    UserError
        If the name is unknown or a required setting is missing.
    """
    name, seed, trials = settings.sweeper, settings.seed, settings.max_trials
    if name not in SEARCHES:
        raise UserError(f"sweep.sweeper={name} is not valid", nearest(name, SEARCHES))
    if trials is not None and trials < 1:
        raise UserError(f"sweep.max_trials={trials} must be at least 1")
    if not space.parameters:
        raise UserError("A sweep has nothing to try", "Fill sweep.space, or give a key several values: key=a,b")
    if name == "grid":
        return Grid(space, trials)
    if trials is None:
        raise UserError(f"sweep.sweeper={name} needs a number of trials", "Set sweep.max_trials=N")
    if name == "random":
        from runner.sweeps.search.random import RandomSearch

        return RandomSearch(space, seed, trials)
    if name == "sobol":
        from runner.sweeps.search.sobol import Sobol

        return Sobol(space, seed, trials)
    if not settings.objectives:
        raise UserError("sweep.sweeper=bayesian needs an objective", "For example: sweep.objective='maximize accuracy'")
    from runner.sweeps.search.bayesian import Bayesian

    return Bayesian(space, seed, trials, settings.objectives)
