"""Reads distributions written in YAML.

A plain list is a choice. A mapping has one key, the name of a distribution of Azure ML, and its arguments by name or,
as in Azure's SDK, by position; or Azure's second form, ``{type: uniform, min_value: 0, max_value: 1}``.

Azure's loguniform and qloguniform take *exponents* of e: ``loguniform: [-6.9, 2.3]`` and ``{min_value: -6.9, max_value:
2.3}`` are 0.001 to 10. ``{min: 0.001, max: 10}`` says the same in real units. lognormal's `mu` and `sigma` are those of
the logarithm in every form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runner.errors import UserError, nearest
from runner.sweeps.space.distributions import (
    Choice,
    Distribution,
    Integer,
    Normal,
    Uniform,
    has_finite_values,
    is_finite,
)

_LONGEST = 60  # characters of a value in a message
_RANGE, _NORMAL = ("min", "max"), ("mu", "sigma")
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "choice": ("values",),
    "randint": ("upper",),
    "int": _RANGE,
    "logint": _RANGE,
    **dict.fromkeys(("uniform", "loguniform"), _RANGE),
    **dict.fromkeys(("quniform", "qloguniform"), (*_RANGE, "q")),
    **dict.fromkeys(("normal", "lognormal"), _NORMAL),
    **dict.fromkeys(("qnormal", "qlognormal"), (*_NORMAL, "q")),
}
_AZURE = {"min_value": "min", "max_value": "max"}


def read_distribution(key: str, definition: Any) -> Distribution:
    """Return the distribution that a definition under ``sweep.space`` describes.

    Raises
    ------
    UserError
        If it describes none.
    """
    if isinstance(definition, Sequence) and not isinstance(definition, str):
        return _choice(key, definition)
    if not isinstance(definition, Mapping):
        raise _error(key, f"{_short(definition)} is neither a list nor a distribution", "For example: [1, 2, 3]")
    name, arguments = _named(key, definition)
    if name not in ARGUMENTS:
        raise _error(key, f"unknown distribution '{name}'", nearest(name, ARGUMENTS))
    if name == "choice":
        values = arguments.get("values") if isinstance(arguments, Mapping) else arguments
        return _choice(key, values)
    found = _build(key, name, *_numbers(key, name, arguments))
    if not has_finite_values(found):
        raise _error(key, f"{name} has values that are too large for a number", _of_exponents(name))
    return found


def _of_exponents(name: str) -> str:
    """Return a hint if a distribution's arguments are small because its values are powers of e."""
    return "mu and sigma are those of the value's natural logarithm" if name.endswith("lognormal") else ""


def _named(key: str, definition: Mapping[str, Any]) -> tuple[str, Any]:
    if "type" in definition:
        return str(definition["type"]), {name: item for name, item in definition.items() if name != "type"}
    if len(definition) != 1:
        raise _error(key, "a distribution must be a mapping with one key, its name", nearest("", ARGUMENTS))
    ((name, arguments),) = definition.items()
    return str(name), arguments


def _choice(key: str, values: Any) -> Choice:
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise _error(key, "a choice needs a list of at least one value")
    return Choice.of(list(values))


def _numbers(key: str, name: str, arguments: Any) -> tuple[dict[str, Any], bool]:
    """Return the arguments by name, and whether bounds were given in Azure's way."""
    wanted = ARGUMENTS[name]
    if isinstance(arguments, Mapping):
        given = {_AZURE.get(str(word), str(word)): item for word, item in arguments.items()}
        azure = any(word in _AZURE for word in arguments)
        if azure and any(word in _RANGE for word in arguments):
            raise _error(key, f"{name} takes min and max, or min_value and max_value")
    else:
        items = list(arguments) if isinstance(arguments, Sequence) and not isinstance(arguments, str) else [arguments]
        if len(items) != len(wanted):
            raise _error(key, f"{name} takes {len(wanted)} numbers: {', '.join(wanted)}")
        given, azure = dict(zip(wanted, items, strict=True)), True
    for word, item in given.items():
        if word not in wanted:
            raise _error(key, f"{name} has no setting '{word}'", nearest(word, wanted))
        if isinstance(item, bool) or not isinstance(item, int | float) or not is_finite(item):
            raise _error(key, f"{name}'s {word} is {_short(item)}, not a finite number")
    for word in wanted:
        if word not in given:
            raise _error(key, f"{name} needs '{word}'")
    return given, azure


def _build(key: str, name: str, given: dict[str, Any], azure: bool) -> Distribution:
    q = given.get("q")
    if q is not None and q <= 0:
        raise _error(key, f"q={_short(q)} must be above 0")
    if "mu" in given:
        if given["sigma"] <= 0:
            raise _error(key, f"sigma={_short(given['sigma'])} must be above 0")
        return Normal(given["mu"], given["sigma"], log="log" in name, q=q)
    if name == "randint":
        given = {"min": 0, "max": _integer(key, given["upper"]) - 1}
    return _range(key, name, (given["min"], given["max"]), azure, q)


def _range(key: str, name: str, bounds: tuple[Any, Any], azure: bool, q: float | None) -> Distribution:
    whole, log = "int" in name, "log" in name
    if log and azure and not whole:
        try:
            bounds = (math.exp(bounds[0]), math.exp(bounds[1]))
        except OverflowError:
            raise _error(
                key, f"the bounds of {name} are exponents", "To give real bounds, write {min: ..., max: ...}"
            ) from None
    low, high = bounds
    if log and low <= 0:
        raise _error(key, f"{name} needs a min above 0", "The logarithm of 0 is undefined")
    if low > high or (low == high and not whole):
        raise _error(key, f"{name} needs a min below its max, but got {_short(low)} and {_short(high)}")
    if whole:
        return Integer(_integer(key, low), _integer(key, high), log)
    return Uniform(low, high, log, q)


def _integer(key: str, number: Any) -> int:
    if int(number) != number:
        raise _error(key, f"{_short(number)} is not a whole number")
    return int(number)


def _short(value: Any) -> str:
    """Return a value as text, cut if it is long. Python refuses to write whole numbers of thousands of digits."""
    text = "a whole number that is too large" if isinstance(value, int) and not is_finite(value) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _error(key: str, what: str, hint: str = "") -> UserError:
    return UserError(f"sweep.space.{key}: {what}", hint)
