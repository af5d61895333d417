"""Temporary paths for work in progress. What a killed process leaves of them is removed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from runner.io.folders import remove_tree
from runner.io.locks import is_locked, locked

_BEGINNING = ".beginning"  # suffix of a lock that is being taken
_ABANDONED = 3600.0  # seconds


@contextlib.contextmanager
def staging_at(path: Path) -> Iterator[None]:
    """Reserve a temporary path for the block and remove it afterwards. See `remove_abandoned` for killed processes.

    The lock gets its name only once it is held. Otherwise `remove_abandoned` could see it free and remove the work.
    """
    lock, beginning = path.with_suffix(".lock"), path.with_suffix(_BEGINNING)
    with locked(beginning):
        try:
            beginning.rename(lock)
            yield
        finally:
            remove_tree(path)
            lock.unlink(missing_ok=True)
            beginning.unlink(missing_ok=True)


def remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove the staging paths of processes that died: ``<prefix>*`` with a ``.lock`` that no process holds.

    Paths without a lock are left alone. A lock that does not have its name yet belongs to a process that is about to
    begin, unless it is old.
    """
    if folder.is_symlink():  # do not remove what the link points to
        return
    for lock in folder.glob(f"{prefix}*.lock"):
        if not is_locked(lock):
            remove_tree(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
    for lock in folder.glob(f"{prefix}*{_BEGINNING}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - lock.lstat().st_mtime > _ABANDONED:
                lock.unlink()
