"""The paths that a composition names."""

from __future__ import annotations

import os
from pathlib import Path

from runner.errors import close


def absolute(base: Path, named: str) -> Path:
    """Return a path that is relative to the folder a command was typed in."""
    return Path(os.path.abspath(base / Path(named).expanduser()))


def similar_file(named: str, path: Path) -> str:
    """Return a hint that names a similar file beside a missing one, if there is one."""
    beside = list(path.parent.iterdir())[:200] if path.parent.is_dir() else []
    meant = close(named, [str(Path(named).parent / neighbour.name) for neighbour in beside])
    return f"Did you mean '{meant}'?" if meant is not None else ""
