"""Limits what ``${...}`` references expand to, because ten lines of them can expand to a billion values.

OmegaConf resolves a reference each time and has no limit of its own, so each resolution is counted here, with the
size of its target.
"""

from __future__ import annotations

import functools
from typing import Any

from omegaconf.base import Container

from runner.errors import UserError

MOST = 40_000  # of what follows, in one composition
_EACH = 40  # for a reference, plus one for each value in its target
_CHARACTERS = 50  # characters that count as one value

_spent = 0


def start_counting() -> None:
    """Start counting for another composition."""
    global _spent  # noqa: PLW0603 - OmegaConf hands nothing through
    _spent = 0


def limit_interpolations() -> None:
    """Make OmegaConf count what it resolves."""
    start_counting()
    if hasattr(Container._resolve_node_interpolation, "__wrapped__"):
        return
    for name in ("_resolve_node_interpolation", "_evaluate_custom_resolver"):
        setattr(Container, name, _counted(getattr(Container, name)))


def _counted(resolve: Any) -> Any:
    @functools.wraps(resolve)
    def counted(*arguments: Any, **options: Any) -> Any:
        resolved = resolve(*arguments, **options)
        _count(resolved)
        return resolved

    return counted


def _count(resolved: Any) -> None:
    global _spent  # noqa: PLW0603
    left = [resolved]
    _spent += _EACH
    while left:
        value = left.pop()
        value = value.__dict__.get("_content", value.__dict__.get("_val")) if hasattr(value, "_metadata") else value
        if isinstance(value, dict | list):
            _spent += len(value)
            left += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str):
            _spent += len(value) // _CHARACTERS
        if _spent > MOST:
            raise UserError("The configuration's ${...} references expand to too many values", "Use fewer references")
