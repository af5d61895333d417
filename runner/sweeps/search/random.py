"""Random values. Those of a trial depend on the seed and its number only, so a resumed sweep goes on with the same."""

from __future__ import annotations

from random import Random

from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.space import Space


class RandomSearch:
    """Draws each parameter by itself."""

    def __init__(self, space: Space, max_trials: int, seed: int) -> None:
        self._space, self._seed = space, seed
        self.total: int | None = max_trials

    def ask(self, number: int) -> Suggestion | None:
        """Return the draw of a number."""
        if self.total is not None and number >= self.total:
            return None
        return suggestion(self._space, [self._draw(number, one.key) for one in self._space.parameters])

    def _draw(self, number: int, key: str) -> float:
        return Random(f"{self._seed}:{number}:{key}").random()  # noqa: S311 - a draw, no secret

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Learn nothing."""


def suggestion(space: Space, quantiles: list[float]) -> Suggestion:
    """Return what stands at a quantile of each parameter."""
    found = [one.at(u) for one, u in zip(space.parameters, quantiles, strict=True)]
    parameters = {one.key: value for one, (value, _) in zip(space.parameters, found, strict=True)}
    return Suggestion(parameters, tuple(override for _, override in found))
