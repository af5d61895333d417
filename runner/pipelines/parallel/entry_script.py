"""Detects whether a script defines ``run(mini_batch)``, which is then called for each piece."""

from __future__ import annotations

import ast
from pathlib import Path


def has_entry(script: Path) -> bool:
    """Return whether a script defines ``run(mini_batch)`` at its top level, or ``init`` and any ``run``.

    The script is parsed, not executed.
    """
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):  # Python itself reports it
        return False
    functions = {function.name: function.args for function in tree.body if isinstance(function, ast.FunctionDef)}
    if "run" not in functions:
        return False
    return "init" in functions or [argument.arg for argument in functions["run"].args] == ["mini_batch"]
