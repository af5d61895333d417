"""Every combination of finite parameters, in the order of Hydra's own sweeper: the last one changes fastest."""

from __future__ import annotations

import math

from runner.config.limits.words import check_combinations
from runner.errors import UserError
from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.space.search_space import Space


class Grid:
    """The product of all parameters.

    Raises
    ------
    UserError
        If a parameter has infinitely many values.
    """

    def __init__(self, space: Space, max_trials: int | None = None) -> None:
        self._space = space
        self._values, self._texts = [], []
        for parameter in space.parameters:
            values, texts = parameter.distribution.values(), parameter.distribution.texts()
            if values is None or texts is None:
                raise UserError(
                    f"sweep.space.{parameter.name} has too many values for a grid",
                    "Use sweep.sweeper=random, sobol or bayesian, or give it a list",
                )
            self._values.append(values)
            self._texts.append(texts)
        self.combinations = math.prod(map(len, self._values))
        check_combinations(list(map(len, self._values)), max_trials)
        self.total: int | None = self.combinations if max_trials is None else min(self.combinations, max_trials)

    def ask(self, number: int) -> Suggestion | None:
        """Return combination `number`."""
        if self.total is None or number >= self.total:
            return None
        places = []
        for values in reversed(self._values):
            number, place = divmod(number, len(values))
            places.append(place)
        places.reverse()
        return self._space.suggest(
            [values[place] for values, place in zip(self._values, places, strict=True)],
            [texts[place] for texts, place in zip(self._texts, places, strict=True)],
        )

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Do nothing: a grid does not depend on results."""
