"""Removes parts of a workspace. Links are removed, not followed, except for folders that their owner has moved."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runner.errors import UserError
from runner.io.files import remove_tree
from runner.io.moved_folders import is_moved

_REMOVED = ".removed-"


def remove(root: Path, path: Path) -> None:
    """Remove a folder or file of a workspace: out of sight by a rename, then file by file.

    What an earlier removal beside it has left, which was killed, goes too.

    Parameters
    ----------
    root : Path
        The workspace.
    path : Path
        What is to go; a link goes itself, and what it leads to stays.

    Raises
    ------
    UserError
        If a folder between the two is a link, and not one that the workspace's owner has moved.
    """
    check_above(root, path)
    path.rename(hidden_beside(path))
    for leftover in leftovers(path.parent):
        remove_tree(leftover)


def check_above(root: Path, path: Path) -> None:
    """Refuse to remove something that is only behind a link in a workspace.

    Raises
    ------
    UserError
        With the link.
    """
    for above in path.relative_to(root).parents:
        folder = root / above
        if folder != root and folder.is_symlink() and not is_moved(root, folder):
            raise UserError(
                f"{folder} is a link, so what it points to was not removed", f"To remove the link: rm {folder}"
            )


def hidden_beside(path: Path) -> Path:
    """Return a name beside a path that no list shows, and that the next removal there clears away."""
    return path.with_name(f"{_REMOVED}{secrets.token_hex(4)}")


def leftovers(folder: Path) -> list[Path]:
    """Return what removals in a folder have left, or are removing."""
    if not folder.is_dir():
        return []
    return [folder / name for name in os.listdir(folder) if name.startswith(_REMOVED)]  # noqa: PTH208
