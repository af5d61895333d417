"""Who gets into a workspace: its owner alone.

A workspace is made with mode 0700, so that nobody else reaches what lies in it, whatever its own modes. One that an
earlier version has left open is closed when its owner runs something. A folder that has files of other kinds in it is
the user's own, and stays as it is.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

OURS = 0o700
_CONTENT = frozenset(
    [".gitignore", "runs", "models", "snapshots", "environments", "wheels", "data", "endpoints", "sweeps", "pipelines"]
)


def close(root: Path) -> str | None:
    """Close a workspace to other users if it is ours and open, and return the line that says so."""
    state = root.stat()
    if state.st_uid != os.geteuid() or not stat.S_IMODE(state.st_mode) & 0o077 or not _is_workspace(root):
        return None
    root.chmod(OURS)
    return f"Other users could read the workspace {root}; it is closed to them now (mode 700)"


def user_name() -> str:
    """Return the name of the user who runs something, or the number of one who has none."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _is_workspace(root: Path) -> bool:
    """Tell whether there is nothing in a folder but what a workspace has."""
    return all(one.name in _CONTENT or one.name.startswith("index.sqlite") for one in root.iterdir())
