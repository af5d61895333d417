"""A model as lines of text: each part with the parameters that are not the default."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # where a function lies in memory, which is another place in each run
_LONGEST = 100  # characters of a parameter


def outline(model: Any) -> str:
    """Return a model as text, the same in each run. The parts of a pipeline have lines of their own."""
    return "\n".join(_lines(model, "", "", 0))


def _lines(part: Any, name: str, columns: str, depth: int) -> Iterator[str]:
    start, end = f"{'  ' * depth}{name and name + ': '}", columns and f" on {columns}"
    if isinstance(part, str):  # such as passthrough
        yield f"{start}{part}{end}"
        return
    plain, parts = [], []
    for key, value in _parameters(part):
        nested = _parts(key, value)
        parts += nested
        if not nested:
            plain.append(f"{key}={_short(value)}")
    yield f"{start}{type(part).__name__}({', '.join(plain)}){end}"
    for nested_name, nested_part, nested_columns in parts:
        yield from _lines(nested_part, nested_name, nested_columns, depth + 1)


def _parameters(part: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of an estimator that are not the default."""
    given = part.get_params(deep=False)
    for name, parameter in inspect.signature(type(part)).parameters.items():
        if name in given and given[name] is not parameter.default and repr(given[name]) != repr(parameter.default):
            yield name, given[name]


def _parts(name: str, value: Any) -> list[tuple[str, Any, str]]:
    """Return the name, the part and the columns of each estimator within a parameter."""
    if hasattr(value, "get_params"):
        return [(name, value, "")]
    if not isinstance(value, list) or not value or not all(_is_named(item) for item in value):
        return []
    return [(item[0], item[1], _short(item[2]) if len(item) > 2 else "") for item in value]


def _is_named(item: Any) -> bool:
    return (
        isinstance(item, tuple)
        and len(item) > 1
        and isinstance(item[0], str)
        and (isinstance(item[1], str) or hasattr(item[1], "get_params"))
    )


def _short(value: Any) -> str:
    if type(value).__name__ == "make_column_selector":
        return _selected(**vars(value))
    if inspect.isroutine(value) or type(value).__name__ == "ufunc":
        return getattr(value, "__name__", "a function")
    text = " ".join(_ADDRESS.sub("", repr(value)).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _selected(pattern: str | None, dtype_include: Any, dtype_exclude: Any) -> str:
    """Return which columns a selector takes."""
    found = "columns"
    for word, kinds in (("of", dtype_include), ("without", dtype_exclude)):
        if kinds is not None:
            named = kinds if isinstance(kinds, list | tuple) else [kinds]
            found += f" {word} {', '.join(one if isinstance(one, str) else one.__name__ for one in named)}"
    return found if pattern is None else f"{found} named like {pattern!r}"
