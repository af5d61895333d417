"""Masks the secrets in a sweep's composition, words and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.access.secrets import MASK, Confidential, is_secret_at, masked_word
from runner.sweeps.ports import Suggestion


def of_sweep(config: Mapping[str, Any], space: Mapping[str, Any]) -> Confidential:
    """Return the secrets in a composition, interpolations as written, and in its search space."""
    tried = [value for key, values in space.items() for value in _texts(values) if is_secret_at(key, value)]
    return Confidential(config, config, tried)


def masked_space(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return the search space with secrets masked."""
    return {key: MASK if is_secret_at(key, "x") else value for key, value in space.items()}


def masked_suggestion(suggestion: Suggestion) -> Suggestion:
    """Return a suggestion with secrets masked."""
    parameters = suggestion.parameters
    if not any(is_secret_at(key, value) for key, value in parameters.items()):
        return suggestion
    shown = {key: MASK if is_secret_at(key, value) else value for key, value in parameters.items()}
    return Suggestion(shown, tuple(map(masked_word, suggestion.overrides)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
