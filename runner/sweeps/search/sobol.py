"""Sobol's points, scrambled: they fill the space more evenly than random ones (scipy.stats.qmc)."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError
from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.search.random import suggestion
from runner.sweeps.space import Space


class SobolSearch:
    """Takes the points of the sequence one after the other; the seed scrambles them."""

    def __init__(self, space: Space, max_trials: int, seed: int) -> None:
        self._space, self._seed = space, seed
        self.total: int | None = max_trials
        self._points: list[list[float]] = []

    def ask(self, number: int) -> Suggestion | None:
        """Return the point of a number."""
        if self.total is not None and number >= self.total:
            return None
        if number >= len(self._points):
            self._points = self._first(2 ** max(4, number.bit_length()))
        return suggestion(self._space, self._points[number])

    def _first(self, number: int) -> list[list[float]]:
        try:
            from scipy.stats import qmc
        except ImportError:
            raise UserError("A sobol search needs scipy", "pip install scipy, or choose sweep.sweeper=random") from None
        sequence: Any = qmc.Sobol(len(self._space.parameters), scramble=True, seed=self._seed)
        points: list[list[float]] = sequence.random(number).tolist()
        return points

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn nothing."""
