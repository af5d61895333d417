"""Tells whether a script has ``run(mini_batch)`` for a piece, which is then called instead of running the script."""

from __future__ import annotations

import ast
from pathlib import Path


def has_entry(script: Path) -> bool:
    """Return whether a script defines ``run(mini_batch)`` at its top level, or ``run`` of any parameter and ``init``.

    Nothing of it is executed.
    """
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):  # Python itself reports it
        return False
    functions = {one.name: one.args for one in tree.body if isinstance(one, ast.FunctionDef)}
    if "run" not in functions:
        return False
    return "init" in functions or [one.arg for one in functions["run"].args] == ["mini_batch"]
