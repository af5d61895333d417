"""Every combination, in Hydra's order: the last parameter varies fastest."""

from __future__ import annotations

import math

from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.space import Space


class GridSearch:
    """Goes through the product of all values.

    Raises
    ------
    UserError
        If a parameter has no end of values.
    """

    def __init__(self, space: Space, max_trials: int | None) -> None:
        self._keys = [one.key for one in space.parameters]
        self._values = [one.overrides() for one in space.parameters]
        product = math.prod(len(one) for one in self._values)
        self.total: int | None = product if max_trials is None else min(product, max_trials)

    def ask(self, number: int) -> Suggestion | None:
        """Return the combination of a number."""
        if self.total is None or number >= self.total:
            return None
        chosen = []
        for values in reversed(self._values):
            number, place = divmod(number, len(values))
            chosen.append(values[place])
        chosen.reverse()
        parameters = {key: value for key, (value, _) in zip(self._keys, chosen, strict=True)}
        return Suggestion(parameters, tuple(override for _, override in chosen))

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn nothing."""
