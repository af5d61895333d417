"""The search space: the distribution of each parameter, from ``sweep.space`` and from the command line."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, Sweep, Transformer
from hydra.errors import HydraException

from runner.config.limits.words import check_values
from runner.errors import UserError
from runner.sweeps.composing.override_text import from_word
from runner.sweeps.ports import Suggestion
from runner.sweeps.space.definitions import read_distribution
from runner.sweeps.space.distributions import (
    Choice,
    Distribution,
    Integer,
    Uniform,
    has_finite_values,
    is_finite,
)


@dataclass(frozen=True)
class Parameter:
    """One dimension. `key` is as typed, with Hydra's ``+`` if it adds a key to the composition."""

    key: str
    distribution: Distribution

    @property
    def name(self) -> str:
        """Return the key without ``+``."""
        return self.key.lstrip("+")


@dataclass(frozen=True)
class Space:
    """All parameters, in order."""

    parameters: tuple[Parameter, ...]

    def plain(self) -> dict[str, Any]:
        """Return the space in the form of ``sweep.space``, for the record."""
        return {parameter.key: parameter.distribution.plain() for parameter in self.parameters}

    def suggest(self, values: Sequence[Any], texts: Sequence[str] | None = None) -> Suggestion:
        """Return a suggestion with these values, one for each parameter in order."""
        if texts is None:
            texts = [
                parameter.distribution.text(value) for parameter, value in zip(self.parameters, values, strict=True)
            ]
        return Suggestion(
            parameters={parameter.name: value for parameter, value in zip(self.parameters, values, strict=True)},
            overrides=tuple(f"{parameter.key}={text}" for parameter, text in zip(self.parameters, texts, strict=True)),
        )

    def at(self, shares: Sequence[float]) -> Suggestion:
        """Return the suggestion at a point of the unit cube."""
        pairs = zip(self.parameters, shares, strict=True)
        return self.suggest([parameter.distribution.sample(share) for parameter, share in pairs])


def parse_words(words: Sequence[str], config_loader: Any = None) -> list[Override]:
    """Parse the words of a command line with Hydra. `config_loader` lists the options for ``glob(...)``.

    Raises
    ------
    UserError
        If one of them cannot be read.
    """
    try:
        return list(OverridesParser.create(config_loader).parse_overrides(list(words)))
    except HydraException as error:
        raise UserError(f"An override cannot be read: {str(error).splitlines()[0]}") from None


def make_space(definitions: Mapping[str, Any], overrides: Sequence[Override] = (), seed: int = 0) -> Space:
    """Return the search space of a sweep.

    Parameters
    ----------
    definitions : mapping
        ``sweep.space``.
    overrides : sequence of Override
        The overrides of the command line, parsed by Hydra. A sweep of a key replaces its definition. A single value
        removes the key from the space.
    seed : int
        The seed of ``shuffle(...)``, which Hydra itself would shuffle differently at each start.
    """
    parameters = {
        key.lstrip("+"): Parameter(key, read_distribution(key, definition)) for key, definition in definitions.items()
    }
    for override in overrides:
        key = override.get_key_element()
        if override.is_hydra_override():
            continue
        if override.is_sweep_override():
            kept = parameters.get(key.lstrip("+"))
            # A replaced key keeps its place in the dictionary, as in Hydra's own sweeper.
            parameters[key.lstrip("+")] = Parameter(kept.key if kept else key, from_override(override, seed))
        else:
            parameters.pop(key.lstrip("+~"), None)
    return Space(tuple(parameters.values()))


def from_override(override: Override, seed: int = 0) -> Distribution:
    """Return the distribution that a sweep on the command line describes.

    Raises
    ------
    UserError
        If it has no values, or an interval is empty.
    """
    key, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, IntervalSweep):
        return _interval(key, sweep)
    shuffled = isinstance(sweep, Sweep) and bool(getattr(sweep, "shuffle", False))
    if shuffled:
        ordered = dataclasses.replace(sweep, shuffle=False)  # type: ignore[type-var]
        override = dataclasses.replace(override, _value=ordered)
    check_values(override)
    try:
        elements = list(override.sweep_iterator())
    except HydraException as error:
        raise UserError(f"{key}: {error}") from None
    if not elements:
        raise UserError(f"{key}: {override.input_line} has no values to choose from")
    if shuffled:
        random.Random(f"{seed} {key}").shuffle(elements)  # noqa: S311 - must be repeatable, not secret
    # The value is read from the text, as a trial will: Hydra drops the quotes of choice('1', 2), not those of '1',2.
    texts = tuple(map(Transformer.str, elements))
    return Choice(tuple(map(from_word, texts)), texts)


def _interval(key: str, sweep: IntervalSweep) -> Distribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    if low is None or high is None or not low < high:
        raise UserError(f"{key}: an interval must go from a smaller to a larger number")
    if log and low <= 0:
        raise UserError(f"{key}: tag(log, ...) needs an interval above 0")
    if isinstance(low, int) and isinstance(high, int):  # Hydra makes them floats, unless they are wrapped in int(...)
        found: Distribution = Integer(low, high, log)
    elif is_finite(low) and is_finite(high):
        found = Uniform(float(low), float(high), log)
    else:
        raise UserError(f"{key}: the bounds of an interval must be finite numbers")
    if not has_finite_values(found):
        raise UserError(f"{key}: the interval has values that are too large for a number")
    return found
