"""The values of one parameter. A share `u` in [0, 1) selects a value, so every search can use every distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

from runner.sweeps.composing.override_text import to_word

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_MANY = 10_000  # most values of one parameter in a grid
_EDGE = 1e-9  # a normal distribution has no quantile at 0 and 1


class Distribution(Protocol):
    """One parameter's values."""

    def sample(self, u: float) -> Any:
        """Return the value at a share: the quantile function."""

    def values(self) -> tuple[Any, ...] | None:
        """Return all values, or None if they are infinite or too many for a grid."""

    def texts(self) -> tuple[str, ...] | None:
        """Return the words of all values, in the same order."""

    def text(self, value: Any) -> str:
        """Return the word of one value."""

    def plain(self) -> Any:
        """Return the definition in the form of ``sweep.space``, for the record."""

    def optuna(self) -> BaseDistribution:
        """Return Optuna's distribution of raw numbers, which `decode` turns into values."""

    def decode(self, raw: Any) -> Any:
        """Return the value for Optuna's raw number."""

    def encode(self, value: Any) -> Any:
        """Return Optuna's raw number for a value, or None if the value is outside."""


@dataclass(frozen=True)
class Choice:
    """Equally likely values. `words` are their texts as typed."""

    options: tuple[Any, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, options: list[Any]) -> Choice:
        """Return the choice between values."""
        return cls(tuple(options), tuple(map(to_word, options)))

    def sample(self, u: float) -> Any:
        """Return the value at a share."""
        return self.options[int(u * len(self.options))]

    def values(self) -> tuple[Any, ...]:
        """Return all values."""
        return self.options

    def texts(self) -> tuple[str, ...]:
        """Return their words."""
        return self.words

    def text(self, value: Any) -> str:
        """Return the word of one value."""
        return self.words[self._index(value)]

    def plain(self) -> Any:
        """Return the list."""
        return list(self.options)

    def optuna(self) -> BaseDistribution:
        """Return a choice of positions: the values themselves may be lists, or equal across types as 1 and true."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(range(len(self.options)))

    def decode(self, raw: Any) -> Any:
        """Return the value at a position."""
        return self.options[int(raw)]

    def encode(self, value: Any) -> Any:
        """Return a value's position."""
        try:
            return self._index(value)
        except ValueError:
            return None

    def _index(self, value: Any) -> int:
        return [repr(option) for option in self.options].index(repr(value))


@dataclass(frozen=True)
class Integer:
    """Whole numbers from `low` to `high`, both included. Azure's ``randint(upper)`` is 0 to upper - 1."""

    low: int
    high: int
    log: bool = False

    def sample(self, u: float) -> int:
        """Return ``low + floor(u * count)``; with `log` the floor of a log-uniform number below ``high + 1``."""
        if not self.log:
            return min(self.low + int(u * (self.high - self.low + 1)), self.high)
        return min(int(self.low * math.exp(u * math.log((self.high + 1) / self.low))), self.high)

    def values(self) -> tuple[int, ...] | None:
        """Return all values, or None if they are too many for a grid."""
        return tuple(range(self.low, self.high + 1)) if self.high - self.low < _MANY else None

    def texts(self) -> tuple[str, ...] | None:
        """Return their words."""
        values = self.values()
        return None if values is None else tuple(map(str, values))

    def text(self, value: Any) -> str:
        """Return the word of one value."""
        return to_word(value)

    def plain(self) -> Any:
        """Return ``{randint: {upper}}``, or our form with `min` and `max` for other ranges."""
        if self.low == 0 and not self.log:
            return {"randint": {"upper": self.high + 1}}
        return {"logint" if self.log else "int": {"min": self.low, "max": self.high}}

    def optuna(self) -> BaseDistribution:
        """Return the same range for Optuna."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    def decode(self, raw: Any) -> int:
        """Return the number."""
        return int(raw)

    def encode(self, value: Any) -> Any:
        """Return the number if it is inside, or None."""
        inside = isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high
        return value if inside else None


@dataclass(frozen=True)
class Uniform:
    """Azure's uniform, quniform, loguniform and qloguniform, in real units.

    ``uniform(min, max)``, ``quniform = round(uniform(min, max) / q) * q``, ``loguniform = exp(uniform(a, b))`` and
    ``qloguniform = round(exp(uniform(a, b)) / q) * q``, from Azure ML's ``parameter_expressions``. Azure gives the last
    two the exponents `a` and `b`; here `low` and `high` are ``exp(a)`` and ``exp(b)``.
    """

    low: float
    high: float
    log: bool = False
    q: float | None = None

    def sample(self, u: float) -> float:
        """Return the value at a share."""
        if self.log:
            exact = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            exact = self.low + u * (self.high - self.low)
        return _round(min(max(exact, self.low), self.high), self.q)

    def values(self) -> tuple[float, ...] | None:
        """Return the steps of a quniform, or None for the others, which are continuous."""
        if self.q is None or self.log:
            return None
        first, last = self._steps()
        if last - first >= _MANY:
            return None
        return tuple(step * self.q for step in range(first, last + 1))

    def texts(self) -> tuple[str, ...] | None:
        """Return the words of the steps."""
        values = self.values()
        return None if values is None else tuple(map(to_word, values))

    def text(self, value: Any) -> str:
        """Return the word of one value."""
        return to_word(value)

    def plain(self) -> Any:
        """Return Azure's name with `min` and `max` in real units."""
        return _plain("loguniform" if self.log else "uniform", {"min": self.low, "max": self.high}, self.q)

    def optuna(self) -> BaseDistribution:
        """Return whole numbers for the steps of a quniform, and floats before rounding for any other."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.q is not None and not self.log:
            return IntDistribution(*self._steps())
        return FloatDistribution(self.low, self.high, log=self.log)

    def decode(self, raw: Any) -> float:
        """Return the value of a step or of an exact number."""
        return raw * self.q if self.q is not None and not self.log else _round(float(raw), self.q)

    def encode(self, value: Any) -> Any:
        """Return the step or the number for a value, or None if it is outside."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.q is None:
            return float(value) if self.low <= value <= self.high else None
        if not math.isclose(_round(value, self.q), value):
            return None
        if not self.log:
            step = round(value / self.q)
            return step if self._steps()[0] <= step <= self._steps()[1] else None
        inside = _round(self.low, self.q) <= value <= _round(self.high, self.q)
        return min(max(float(value), self.low), self.high) if inside else None

    def _steps(self) -> tuple[int, int]:
        assert self.q is not None  # noqa: S101 - called only for quantised ones
        return round(self.low / self.q), round(self.high / self.q)


@dataclass(frozen=True)
class Normal:
    """Azure's normal, qnormal, lognormal and qlognormal.

    ``normal(mu, sigma)``, ``qnormal = round(normal / q) * q``, ``lognormal = exp(normal(mu, sigma))`` and
    ``qlognormal = round(exp(normal) / q) * q``, from Azure ML's ``parameter_expressions``: `mu` and `sigma` of the log
    forms are those of the value's natural logarithm. Optuna searches the share `u`, as it has no normal distribution.
    """

    mu: float
    sigma: float
    log: bool = False
    q: float | None = None

    def sample(self, u: float) -> float:
        """Return the value at a share."""
        exact = NormalDist(self.mu, self.sigma).inv_cdf(min(max(u, _EDGE), 1 - _EDGE))
        return _round(math.exp(exact) if self.log else exact, self.q)

    def values(self) -> None:
        """Return None: the values are continuous."""

    def texts(self) -> None:
        """Return None."""

    def text(self, value: Any) -> str:
        """Return the word of one value."""
        return to_word(value)

    def plain(self) -> Any:
        """Return Azure's name, `mu` and `sigma`."""
        return _plain("lognormal" if self.log else "normal", {"mu": self.mu, "sigma": self.sigma}, self.q)

    def optuna(self) -> BaseDistribution:
        """Return the range of shares."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(_EDGE, 1 - _EDGE)

    def decode(self, raw: Any) -> float:
        """Return the value at a share."""
        return self.sample(float(raw))

    def encode(self, value: Any) -> Any:
        """Return the share at which a value is, or None if it has none."""
        if isinstance(value, bool) or not isinstance(value, int | float) or (self.log and value < 0):
            return None
        exact = (math.log(value) if value > 0 else -math.inf) if self.log else value
        return min(max(NormalDist(self.mu, self.sigma).cdf(exact), _EDGE), 1 - _EDGE)


def is_finite(number: Any) -> bool:
    """Return whether a number is finite, also as a float: a whole number may be too large for one."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def has_finite_values(one: Distribution) -> bool:
    """Return whether the values at both ends of a distribution, and so all of them, are finite numbers."""
    try:
        return all(is_finite(one.sample(u)) for u in (0.0, math.nextafter(1, 0)))
    except (OverflowError, ValueError):
        return False


def _round(value: float, q: float | None) -> float:
    return value if q is None else round(value / q) * q


def _plain(name: str, arguments: Mapping[str, Any], q: float | None) -> Any:
    return {name: dict(arguments)} if q is None else {f"q{name}": {**arguments, "q": q}}
