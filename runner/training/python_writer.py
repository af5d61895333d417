"""Writes Python code: imports, calls and plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.errors import UserError

TARGET = "_target_"
_STANDARD = ("inspect",)
_WIDTH = 110
_FUNCTIONS_OF_NUMPY = ("func", "inverse_func")  # parameters whose value names a function


class PythonWriter:
    """Collects the imports and lines of a script."""

    def __init__(self) -> None:
        self._imports: dict[str, set[str]] = {}
        self._parts: list[str] = []

    def need(self, dotted: str) -> str:
        """Import a name from its module; return the name."""
        module, _, name = dotted.rpartition(".")
        self._imports.setdefault(module or name, set()).update({name} if module else ())
        return name

    def add(self, *lines: str) -> None:
        """Add lines of a paragraph."""
        self._parts.append("\n".join(lines))

    def expression(self, tree: Any) -> str:
        """Return plain data as Python, with the objects that it describes."""
        if isinstance(tree, list):
            items = [self.expression(item) for item in tree]
            is_step = len(tree) in (2, 3) and isinstance(tree[0], str) and any(map(_is_described, tree[1:]))
            return joined("(", items, ")") if is_step else joined("[", items, "]")
        if not isinstance(tree, Mapping):
            return literal(tree)
        if TARGET not in tree:
            return joined("{", [f"{literal(key)}: {self.expression(value)}" for key, value in tree.items()], "}")
        check_names([*str(tree[TARGET]).split("."), *tree])
        values = [f"{key}={self._value(key, value)}" for key, value in tree.items() if key != TARGET]
        return joined(f"{self.need(tree[TARGET])}(", values, ")")

    def _value(self, key: str, value: Any) -> str:
        if key not in _FUNCTIONS_OF_NUMPY or not isinstance(value, str):
            return self.expression(value)
        check_names(value.split("."))
        self.need("numpy")
        return value

    def text(self, title: str) -> str:
        """Return the script."""
        modules = sorted(self._imports, key=lambda module: (bool(self._imports[module]), module))
        lines = [_import(module, self._imports[module]) for module in modules if module not in _STANDARD]
        standard = [f"import {module}" for module in modules if module in _STANDARD]
        blocks = ["\n".join(block) for block in (standard, lines) if block]
        return "\n\n".join([f'"""{title}"""', *blocks, *self._parts]) + "\n"


def _import(module: str, names: Iterable[str]) -> str:
    shown = ", ".join(sorted(names))
    return f"from {module} import {shown}" if shown else f"import {module}"


def literal(value: Any) -> str:
    """Return a plain value as Python, with texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def check_names(names: Iterable[Any]) -> None:
    """Refuse what cannot be a name in Python: a record may come from somebody else."""
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise UserError(f"The recorded training names {str(name)[:80]!r}, which is not a name in Python")


def _is_described(item: Any) -> bool:
    return isinstance(item, Mapping) or item in ("passthrough", "drop")


def joined(begin: str, items: list[str], end: str) -> str:
    """Return items between two texts, each on a line of its own if one line is too short for them."""
    line = f"{begin}{', '.join(items)}{',' if begin == '(' and len(items) == 1 else ''}{end}"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {line}\n" for item in items for line in f"{item},".split("\n"))
    return f"{begin}\n{inner}{end}"
