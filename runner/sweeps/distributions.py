"""What a parameter may be. Each distribution turns a number between 0 and 1 into a value: its quantile function.

Names and meanings are those of Azure ML's HyperDrive (azureml.train.hyperdrive.parameter_expressions): choice, randint,
uniform, quniform, loguniform, qloguniform, normal, qnormal, lognormal, qlognormal. **Azure's bounds of loguniform and
qloguniform are natural-log exponents**: ``loguniform(a, b)`` is exp(uniform(a, b)), and lognormal(mu, sigma) is
exp(normal(mu, sigma)). So are they here where Azure's form is used, a list or ``min_value`` and ``max_value``. ``min``
and ``max`` are in real units: ``{loguniform: {min: 0.001, max: 10}}``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

_SMALL = 1e-12  # the normal's quantile function has no value at 0


class Distribution(Protocol):
    """What a parameter may be."""

    def sample(self, u: float) -> Any:
        """Return the value at quantile `u`, at least 0 and below 1."""

    def finite(self) -> Sequence[Any] | None:
        """Return all values where there are finitely many, in their order."""

    def quantile(self, value: Any) -> float | None:
        """Return a quantile that has a value, None if none has."""

    def plain(self) -> Any:
        """Return it as JSON."""


@dataclass(frozen=True)
class Choice:
    """One of some values, all as likely. `words` are Hydra's own texts of them, where they were typed."""

    values: tuple[Any, ...]
    words: tuple[str, ...] | None = None

    def sample(self, u: float) -> Any:
        """Return the value at a quantile."""
        return self.values[self.index(u)]

    def index(self, u: float) -> int:
        """Return the place of the value at a quantile."""
        return min(int(u * len(self.values)), len(self.values) - 1)

    def finite(self) -> Sequence[Any]:
        """Return the values."""
        return self.values

    def quantile(self, value: Any) -> float | None:
        """Return the middle of a value's quantiles."""
        places = [at for at, one in enumerate(self.values) if one == value and type(one) is type(value)]
        return (places[0] + 0.5) / len(self.values) if places else None

    def plain(self) -> Any:
        """Return it as JSON."""
        return {"choice": list(self.values)}


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, evenly, or with `log` evenly in the logarithm.

    With `step` Azure's q: round(x / q) * q. With `whole` a whole number, both ends included.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def sample(self, u: float) -> Any:
        """Return the value at a quantile."""
        if self.whole and not self.log:
            return int(self.low) + min(int(u * (self.high - self.low + 1)), int(self.high - self.low))
        if self.log:
            value = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + u * (self.high - self.low)
        if self.step is not None:
            return _stepped(value, self.step)
        return round(value) if self.whole else min(max(value, self.low), self.high)

    def finite(self) -> Sequence[Any] | None:
        """Return the whole numbers, where they are."""
        return range(int(self.low), int(self.high) + 1) if self.whole and not self.log else None

    def quantile(self, value: Any) -> float | None:
        """Return a quantile of a value."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        slack = (self.step or 0) / 2
        if not self.low - slack <= value <= self.high + slack:
            return None
        if self.whole and not self.log:
            return (value - self.low + 0.5) / (self.high - self.low + 1)
        value = min(max(value, self.low), self.high)
        one, other, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return (at - one) / (other - one) if other > one else 0.0

    def plain(self) -> Any:
        """Return it as JSON."""
        found = {"min": self.low, "max": self.high, "log": self.log, "step": self.step, "whole": self.whole}
        return {"interval": {name: value for name, value in found.items() if value}}


@dataclass(frozen=True)
class Normal:
    """Normal with mean and standard deviation; with `log` its exponential; with `step` Azure's q."""

    mu: float
    sigma: float
    log: bool = False
    step: float | None = None

    def sample(self, u: float) -> float:
        """Return the value at a quantile."""
        value = NormalDist(self.mu, self.sigma).inv_cdf(min(max(u, _SMALL), 1 - _SMALL))
        value = math.exp(value) if self.log else value
        return _stepped(value, self.step) if self.step is not None else value

    def finite(self) -> None:
        """Return None: there is no end of values."""
        return

    def quantile(self, value: Any) -> float | None:
        """Return the quantile of a value."""
        if isinstance(value, bool) or not isinstance(value, int | float) or (self.log and value <= 0):
            return None
        return NormalDist(self.mu, self.sigma).cdf(math.log(value) if self.log else value)

    def plain(self) -> Any:
        """Return it as JSON."""
        found = {"mu": self.mu, "sigma": self.sigma, "log": self.log, "step": self.step}
        return {"normal": {name: value for name, value in found.items() if value or name in ("mu", "sigma")}}


def _stepped(value: float, step: float) -> float:
    """Return round(x / q) * q without the digits that binary fractions add."""
    found = round(value / step) * step
    return round(found, 12) if isinstance(step, float) else found
