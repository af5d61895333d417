"""Tells whether a script has ``init()`` and ``run(mini_batch)``, which are then called instead of running it."""

from __future__ import annotations

import ast
from pathlib import Path


def has_entry(script: Path) -> bool:
    """Return whether a script defines both functions at its top level. Nothing of it is executed."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):  # Python itself reports it
        return False
    functions = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    return {"init", "run"} <= functions
