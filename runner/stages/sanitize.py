"""Makes a run's folder plain once its script has ended: no link, FIFO or device is left where files are collected.

A script can write the folder of its run, from inside a container too. What is collected, hashed and removed afterwards
is done with the rights of whoever typed the command, and a link would lead that to any file of theirs.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from runner.layout import RunLayout

_FOLDERS = ("outputs", "logs", "children", "mlflow", "requests", "work/outputs", "work/logs")
_SPECIAL = stat.S_ISUID | stat.S_ISGID


def straighten(run: RunLayout) -> Iterator[str]:
    """Remove what is neither file nor folder where we go on, and yield a note for each.

    What the script keeps in its working directory beside ``outputs`` and ``logs`` stays as it is. Paths are texts
    here: this is done for each trial of a sweep, and most of it would go into making objects of them.
    """
    root = os.fspath(run.root)
    yield from _plain(root, root, deep=False)
    for name in ("work", *_FOLDERS):
        folder = os.path.join(root, name)
        mode = _mode(folder)
        if mode is None:
            continue
        if not stat.S_ISDIR(mode):
            yield _removed(folder, root, "is not a folder")
        elif name != "work":
            yield from _plain(folder, root, deep=True)


def _plain(folder: str, root: str, *, deep: bool) -> Iterator[str]:
    """Remove links and special files in a folder, and let its owner read all that stays."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        _allow(here, os.lstat(here).st_mode, stat.S_IRWXU)
        with os.scandir(here) as entries:
            found = sorted(entries, key=lambda one: one.name)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                waiting += [entry.path] if deep else []
            elif not entry.is_file(follow_symlinks=False):
                yield _removed(entry.path, root, "is not a regular file")
            elif deep:
                mode = entry.stat(follow_symlinks=False).st_mode
                _allow(entry.path, mode & ~_SPECIAL, stat.S_IRUSR | stat.S_IWUSR, before=mode)


def _allow(path: str, mode: int, needed: int, before: int | None = None) -> None:
    wanted = stat.S_IMODE(mode | needed)
    if wanted != stat.S_IMODE(mode if before is None else before):
        with contextlib.suppress(PermissionError):  # a colleague's, which is refused where it cannot be read
            Path(path).chmod(wanted)


def _removed(path: str, root: str, why: str) -> str:
    Path(path).unlink()
    return f"{os.path.relpath(path, root).removeprefix('work/')} {why} and was not kept"


def _mode(path: str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
