"""Points of a scrambled Sobol sequence, which fill the space more evenly than random points."""

from __future__ import annotations

from runner.errors import UserError
from runner.sweeps.ports import Suggestion
from runner.sweeps.records import TrialRecord
from runner.sweeps.space.search_space import Space


class Sobol:
    """The points of the sequence. They are balanced for powers of two, so 16 or 32 trials are better than 20."""

    def __init__(self, space: Space, seed: int, max_trials: int) -> None:
        self._space, self._seed = space, seed
        self.total: int | None = max_trials
        self._points: list[list[float]] = []
        try:
            from scipy.stats import qmc
        except ImportError:
            raise UserError("sweep.sweeper=sobol needs scipy", "Install it: pip install 'vivero[sweeps]'") from None
        self._sequence = qmc.Sobol(len(space.parameters), scramble=True, rng=seed) if space.parameters else None

    def ask(self, number: int) -> Suggestion | None:
        """Return point `number`."""
        if self.total is None or number >= self.total:
            return None
        while self._sequence is not None and len(self._points) <= number:
            self._points.append([float(share) for share in self._sequence.random(1)[0]])
        # Rounding can give a share of exactly 1, which is outside [0, 1).
        return self._space.at([min(share, 1 - 2**-53) for share in self._points[number]] if self._points else [])

    def tell(self, trial: TrialRecord, values: tuple[float, ...] | None) -> None:
        """Do nothing: the points do not depend on results."""
