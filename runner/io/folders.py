"""Lists, syncs and removes folders with what is in them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any


def list_files(folder: Path) -> list[str]:
    """Return the regular files below a folder as sorted POSIX paths; symbolic links are neither followed nor listed."""
    listed: list[str] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not Path(parent, name).is_symlink()]
        for name in names:
            path = Path(parent, name)
            if stat.S_ISREG(path.lstat().st_mode):
                listed.append(path.relative_to(folder).as_posix())
    return sorted(listed)


class BadLinkError(Exception):
    """A link that is broken or leads back to a folder above it. The text names it and says why."""


def followed_files(folder: Path, is_excluded: Callable[[str, bool], bool] | None = None) -> list[str]:
    """Return the files below a folder as sorted POSIX paths, links as what they point to.

    Parameters
    ----------
    is_excluded : callable
        Takes a relative path and whether it is a folder; returns whether to exclude it and everything below it.

    Raises
    ------
    BadLinkError
        If a link is broken, does not lead to a regular file, or leads back to a folder above it.
    """
    paths: list[str] = []

    def walk(below: str, above: tuple[str, ...]) -> None:
        for entry in os.scandir(folder / below):
            path = f"{below}/{entry.name}" if below else entry.name
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link in a circle of links
                is_folder = is_file = False
            if is_excluded is not None and is_excluded(path, is_folder):
                continue
            if is_folder:
                real = os.path.realpath(entry.path)
                if real in above:
                    raise BadLinkError(f"the link {path} leads back to a folder above it")
                walk(path, (*above, real))
            elif is_file:
                paths.append(path)
            else:
                raise BadLinkError(f"{path} is not a regular file, or is a broken link")

    walk("", (os.path.realpath(folder),))
    return sorted(paths)


def sync_folder(path: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Fsync every regular file and folder below a path, the path included."""
    for folder, _, names in os.walk(path):
        for name in names:
            file = Path(folder, name)
            if stat.S_ISREG(file.lstat().st_mode):
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        sync_folder(Path(folder))


def remove_tree(path: Path) -> None:
    """Remove a path of any kind, and a folder regardless of its permissions. It may be missing."""
    retried: set[Path] = set()

    def make_removable(function: Any, name: str, info: Any) -> None:
        """Remove an entry after granting access to it and its folder. It may be a folder that cannot be listed."""
        entry = Path(name)
        if isinstance(info[1], FileNotFoundError):
            return
        if entry in retried:
            raise info[1]
        retried.add(entry)
        if entry != path or function is os.rmdir:
            entry.parent.chmod(0o700)
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink(missing_ok=True)
        else:
            entry.chmod(0o700)
            shutil.rmtree(entry, onerror=make_removable)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=make_removable)
    else:
        path.unlink(missing_ok=True)
