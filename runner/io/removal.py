"""Removes parts of a workspace. Links are removed, not followed, except for folders that their owner has moved."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runner.errors import UserError
from runner.io.folders import remove_tree
from runner.io.moved_folders import is_moved

_REMOVED = ".removed-"


def remove(root: Path, path: Path) -> None:
    """Remove a folder or file of a workspace: hide it by a rename, then remove it file by file.

    Also removes what a killed earlier removal left beside it.

    Parameters
    ----------
    root : Path
        The workspace.
    path : Path
        What to remove. Of a link only the link is removed.

    Raises
    ------
    UserError
        If a folder between the two is a link that is not a folder moved by the workspace's owner.
    """
    check_above(root, path)
    path.rename(hidden_sibling(path))
    for leftover in leftovers(path.parent):
        remove_tree(leftover)


def check_above(root: Path, path: Path) -> None:
    """Refuse to remove something behind a link in a workspace.

    Raises
    ------
    UserError
        Naming the link.
    """
    for above in path.relative_to(root).parents:
        folder = root / above
        if folder != root and folder.is_symlink() and not is_moved(root, folder):
            raise UserError(
                f"{folder} is a link, so what it points to was not removed", f"To remove the link: rm {folder}"
            )


def hidden_sibling(path: Path) -> Path:
    """Return a hidden name beside a path, which the next removal there cleans up."""
    return path.with_name(f"{_REMOVED}{secrets.token_hex(4)}")


def leftovers(folder: Path) -> list[Path]:
    """Return the hidden leftovers of removals in a folder, including those in progress."""
    if not folder.is_dir():
        return []
    return [folder / name for name in os.listdir(folder) if name.startswith(_REMOVED)]  # noqa: PTH208
