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
        found = resolve(*arguments, **options)
        _count(found)
        return found

    return counted


def _count(found: Any) -> None:
    global _spent  # noqa: PLW0603
    left = [found]
    _spent += _EACH
    while left:
        one = left.pop()
        one = one.__dict__.get("_content", one.__dict__.get("_val")) if hasattr(one, "_metadata") else one
        if isinstance(one, dict | list):
            _spent += len(one)
            left += one.values() if isinstance(one, dict) else one
        elif isinstance(one, str):
            _spent += len(one) // _CHARACTERS
        if _spent > MOST:
            raise UserError("The configuration's ${...} references expand to too many values", "Use fewer references")
