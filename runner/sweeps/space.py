"""The search space of a sweep: from YAML and from the words of a command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.errors import UserError, nearest
from runner.sweeps.distributions import Choice, Distribution, Interval, Normal
from runner.sweeps.words import word

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


@dataclass(frozen=True)
class Parameter:
    """One thing that varies. `key` is the composition's, `left` what stands left of the equal sign, with its ``+``."""

    key: str
    left: str
    distribution: Distribution

    def at(self, u: float) -> tuple[Any, str]:
        """Return value and override at a quantile."""
        one = self.distribution
        if isinstance(one, Choice) and one.words is not None:
            place = one.index(u)
            return one.values[place], f"{self.left}={one.words[place]}"
        value = one.sample(u)
        return value, f"{self.left}={word(value)}"

    def overrides(self) -> list[tuple[Any, str]]:
        """Return all values with their overrides.

        Raises
        ------
        UserError
            If there is no end of them.
        """
        values = self.distribution.finite()
        if values is None:
            raise UserError(
                f"{self.key} can have any value of a range, which no grid goes through",
                "Choose another search, such as sweep.sweeper=random, or name the values",
            )
        words = self.distribution.words if isinstance(self.distribution, Choice) else None
        return [
            (value, f"{self.left}={words[at] if words is not None else word(value)}") for at, value in enumerate(values)
        ]


@dataclass(frozen=True)
class Space:
    """All that varies, in its order."""

    parameters: tuple[Parameter, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON, by key."""
        return {one.key: one.distribution.plain() for one in self.parameters}


def read_space(config: Mapping[str, Any], swept: Sequence[Override]) -> Space:
    """Return the space of ``sweep.space`` and of a command line's overrides, which come after and win.

    Raises
    ------
    UserError
        If a distribution is none, or nothing varies.
    """
    found = {
        str(key): Parameter(str(key), str(key), read_distribution(str(key), value)) for key, value in config.items()
    }
    for one in swept:
        key = one.get_key_element()
        found.pop(one.key_or_group, None)
        found[one.key_or_group] = Parameter(one.key_or_group, key, _typed(one))
    return Space(tuple(found.values()))


def _typed(override: Override) -> Distribution:
    """Return the distribution of an override such as ``a=1,2``, ``a=range(1,5)`` or ``a=tag(log,interval(0.1,10))``."""
    from hydra.core.override_parser.types import IntervalSweep

    key = override.key_or_group
    if override.is_discrete_sweep():
        words = tuple(override.sweep_string_iterator())
        return Choice(tuple(_value(one) for one in words), words)
    value = override.value()
    if not isinstance(value, IntervalSweep) or value.start is None or value.end is None:
        raise UserError(f"{override.input_line} is no sweep that is known")
    whole = isinstance(value.start, int) and isinstance(value.end, int)
    return _interval(key, value.start, value.end, log="log" in value.tags, whole=whole)


def _value(text: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import QuotedString

    found = OverridesParser.create().parse_override(f"x={text}").value()
    return found.text if isinstance(found, QuotedString) else found


def read_distribution(key: str, value: Any) -> Distribution:
    """Return a parameter's distribution: a list of values, or a mapping with one of Azure's names.

    Raises
    ------
    UserError
        If it is none, with what is wrong.
    """
    where = f"sweep.space.{key}"
    if isinstance(value, list):
        return _choice(where, value)
    if not isinstance(value, dict) or len(value) != 1:
        raise UserError(f"{where} is no distribution", "For example: [linear, rbf], or {uniform: {min: 0, max: 1}}")
    ((name, given),) = value.items()
    if name not in _READERS:
        raise UserError(f"{where}: there is no distribution '{name}'", nearest(str(name), _READERS))
    return _READERS[name](where, given)


def _choice(where: str, given: Any) -> Choice:
    values = given.get("values") if isinstance(given, dict) else given
    if not isinstance(values, list) or not values:
        raise UserError(f"{where}: a choice is a list of values")
    return Choice(tuple(values))


def _numbers(where: str, given: Any, *names: str) -> list[float]:
    """Return named numbers of a mapping, or those of a list in the same order."""
    if isinstance(given, list):
        values, wanted = given, len(names)
        if len(values) != wanted:
            raise UserError(f"{where} has {len(values)} numbers, {wanted} are wanted: {', '.join(names)}")
    elif isinstance(given, dict):
        for one in given:
            if one not in names:
                raise UserError(f"{where} has no '{one}'", nearest(str(one), names))
        missing = [one for one in names if one not in given]
        if missing:
            raise UserError(f"{where} lacks {', '.join(missing)}")
        values = [given[one] for one in names]
    else:
        values = [given]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, int | float) or not math.isfinite(one):
            raise UserError(f"{where}: {one!r} is no number")
    return list(values)


def _randint(where: str, given: Any) -> Interval:
    (upper,) = _numbers(where, given, "upper")
    if upper != int(upper) or upper < 1:
        raise UserError(f"{where}: randint's upper bound is a whole number above 0, and not itself taken")
    return Interval(0, int(upper) - 1, whole=True)


def _range(*, log: bool, step: bool) -> Callable[[str, Any], Distribution]:
    def read(where: str, given: Any) -> Distribution:
        azure = isinstance(given, list) or (isinstance(given, dict) and "min_value" in given)
        names = ("min_value", "max_value") if isinstance(given, dict) and azure else ("min", "max")
        numbers = _numbers(where, given, *names, *(["q"] if step else []))
        low, high = (math.exp(one) for one in numbers[:2]) if log and azure else numbers[:2]
        return _interval(where, low, high, log=log, step=_step(where, numbers[2]) if step else None)

    return read


def _interval(
    where: str, low: float, high: float, *, log: bool, step: float | None = None, whole: bool = False
) -> Interval:
    if low >= high:
        raise UserError(f"{where}: {low:g} is not below {high:g}")
    if log and low <= 0:
        raise UserError(f"{where}: a logarithmic range begins above 0, not at {low:g}")
    return Interval(low, high, log, step, whole)


def _step(where: str, q: float) -> float:
    if q <= 0:
        raise UserError(f"{where}: q={q:g} is no step")
    return q


def _normal(*, log: bool, step: bool) -> Callable[[str, Any], Distribution]:
    def read(where: str, given: Any) -> Distribution:
        numbers = _numbers(where, given, "mu", "sigma", *(["q"] if step else []))
        if numbers[1] <= 0:
            raise UserError(f"{where}: sigma={numbers[1]:g} is not above 0")
        return Normal(numbers[0], numbers[1], log, _step(where, numbers[2]) if step else None)

    return read


_READERS: dict[str, Callable[[str, Any], Distribution]] = {
    "choice": _choice,
    "randint": _randint,
    "uniform": _range(log=False, step=False),
    "quniform": _range(log=False, step=True),
    "loguniform": _range(log=True, step=False),
    "qloguniform": _range(log=True, step=True),
    "normal": _normal(log=False, step=False),
    "qnormal": _normal(log=False, step=True),
    "lognormal": _normal(log=True, step=False),
    "qlognormal": _normal(log=True, step=True),
}
