"""Random points. A draw depends only on the seed, the trial's number and the key, so a resumed sweep repeats it."""

from __future__ import annotations

from random import Random

from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.space.search_space import Space


class RandomSearch:
    """Independent draws from each distribution."""

    def __init__(self, space: Space, seed: int, max_trials: int) -> None:
        self._space, self._seed = space, seed
        self.total: int | None = max_trials

    def ask(self, number: int) -> Suggestion | None:
        """Return draw `number`."""
        if self.total is None or number >= self.total:
            return None
        # A text is hashed as a whole. The sum of seed and number would give neighbouring seeds the same draws.
        draws = [Random(f"{self._seed} {number} {parameter.name}").random() for parameter in self._space.parameters]  # noqa: S311
        return self._space.at(draws)

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Do nothing: draws do not depend on results."""
