"""Points by chance. What a trial tries depends on the seed, its number and the key alone, so it resumes as it was."""

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
        # A text as seed is hashed whole; sums of numbers would give neighbours the same draws.
        draws = [Random(f"{self._seed} {number} {one.name}").random() for one in self._space.parameters]  # noqa: S311
        return self._space.at(draws)

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn nothing."""
