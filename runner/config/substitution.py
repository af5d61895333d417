"""Replaces values in a composition that nothing else depends on, without composing it again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

# A reference to another value of the composition. The resolvers named here read nothing of it.
_REFERS = re.compile(r"\$\{(?!(?:project_root|input|output|step|oc\.env):)")


def has_reference(text: str) -> bool:
    """Return whether a composition or section, as YAML, refers to a value of the composition."""
    return _REFERS.search(text) is not None


def is_plain(value: Any) -> bool:
    """Return whether a value is a plain scalar: not a container, a reference or a missing value."""
    if isinstance(value, str):
        return "${" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)


def with_value(whole: Any, path: Sequence[str], value: Any) -> Any:
    """Return an object or mapping with another value at a path. Everything off the path is shared."""
    if not path:
        return value
    name, rest = path[0], path[1:]
    if dataclasses.is_dataclass(whole) and not isinstance(whole, type):
        return dataclasses.replace(whole, **{name: with_value(getattr(whole, name), rest, value)})
    mapping = whole or {}
    return {**mapping, name: with_value(mapping.get(name), rest, value)}
