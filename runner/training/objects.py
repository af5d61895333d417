"""Describes a live scikit-learn estimator as a composition does: a tree with ``_target_`` and parameters."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Mapping
from typing import Any

from runner.errors import UserError

TARGET = "_target_"
_DEEPEST = 30


def tree_of(value: Any, place: str = "estimator", depth: int = 0) -> Any:
    """Return an object as plain data.

    Parameters
    ----------
    value : estimator, splitter, or plain data
        An unfitted estimator, which may contain others. Parameters that have their default are left out.
    place : str
        Its key, for messages.

    Raises
    ------
    UserError
        If a parameter cannot be written down, such as a function of one's own.
    """
    if depth > _DEEPEST:
        raise UserError(f"{place} is nested too deeply")
    if isinstance(value, Mapping):
        return {_key(key, place): tree_of(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tree_of(item, f"{place}[{at}]", depth + 1) for at, item in enumerate(value)]
    if hasattr(value, "tolist") and not hasattr(value, "get_params"):
        return tree_of(value.tolist(), place, depth + 1)  # an array or number of numpy
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, type) and hasattr(value, "get_params"):
        raise UserError(f"{place}: {value.__name__} is a class", f"Give an estimator, such as {value.__name__}()")
    if isinstance(value, type) or not (hasattr(value, "get_params") or hasattr(value, "split") or _is_selector(value)):
        return _name(value, place)
    return {TARGET: _class_name(type(value)), **_parameters(value, place, depth)}


def _parameters(value: Any, place: str, depth: int) -> dict[str, Any]:
    found = {}
    for name, parameter in inspect.signature(type(value)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        given = getattr(value, name, parameter.default)
        if not _is_same(given, parameter.default):
            found[name] = tree_of(given, f"{place}.{name}", depth + 1)
    return found


def _is_same(given: Any, default: Any) -> bool:
    """Return whether a parameter has its default. Arrays and nested objects are never the same."""
    if given is default:
        return True
    if type(given) is not type(default) or not isinstance(given, str | int | float | bool):
        return False
    return repr(given) == repr(default)  # NaN is not equal to itself


def _is_selector(value: Any) -> bool:
    return type(value).__name__ == "make_column_selector"


def _name(value: Any, place: str) -> str:
    """Return the name of a function of numpy, the only ones that can be declared."""
    name = getattr(value, "__name__", "")
    if name and getattr(sys.modules.get("numpy"), name, None) is value:
        return f"numpy.{name}"
    raise UserError(
        f"{place}: {str(value)[:60]} cannot be declared", "Use numbers, texts, estimators, or functions of numpy"
    )


def _class_name(kind: type) -> str:
    """Return where a class is imported from, without private modules if it is public."""
    parts = kind.__module__.split(".")
    public = [part for at, part in enumerate(parts) if not any(one.startswith("_") for one in parts[: at + 1])]
    for count in range(len(public), 0, -1):
        module = ".".join(public[:count])
        if getattr(sys.modules.get(module), kind.__name__, None) is kind:
            return f"{module}.{kind.__name__}"
    return f"{kind.__module__}.{kind.__name__}"


def _key(key: Any, place: str) -> str:
    if not isinstance(key, str):
        raise UserError(f"{place}: {key!r} cannot be a key", "Keys are texts")
    return key
