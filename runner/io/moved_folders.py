"""Folders of a workspace that its owner has moved to another disk, leaving a link.

Only a link directly below the workspace counts, and only if the workspace's owner also owns the link and its target, so
that no other user decides where files are written or removed. Removing never follows links further down.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_moved(root: Path, folder: Path) -> bool:
    """Return whether a path is a link right below a workspace that stands for a folder of its owner."""
    if folder.parent != root:
        return False
    try:
        link = os.lstat(folder)
        if not stat.S_ISLNK(link.st_mode):
            return False
        target, owner = folder.stat(), root.stat().st_uid
    except OSError:
        return False
    return stat.S_ISDIR(target.st_mode) and link.st_uid == target.st_uid == owner


def moved_above(root: Path, path: Path) -> Path | None:
    """Return the link that a path of a workspace is, or is behind, if the folder was moved."""
    below = path.parts[len(root.parts) :]
    if not below or path.parts[: len(root.parts)] != root.parts:
        return None
    return root / below[0] if is_moved(root, root / below[0]) else None


def moved_folders(root: Path) -> list[Path]:
    """Return where the moved folders of a workspace lie."""
    return [path.resolve() for path in sorted(root.iterdir()) if is_moved(root, path)]
