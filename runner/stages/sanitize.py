"""Removes links, FIFOs and devices from a run's folder once its script has ended.

A script can write to the folder of its run, even from a container. Collecting, hashing and removing files afterwards
happens with the user's own rights, and a link could direct it to any of the user's files.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from runner.layout import RunLayout

_WORK = str(RunLayout.work)
_FOLDERS = tuple(
    map(str, (
        RunLayout.outputs, RunLayout.logs, RunLayout.children, RunLayout.mlflow, RunLayout.requests,
        RunLayout.work_outputs, RunLayout.work_logs,
    ))
)  # fmt: skip
_SPECIAL = stat.S_ISUID | stat.S_ISGID


def remove_special_files(run: RunLayout) -> Iterator[str]:
    """Remove links and special files from the folders that are read later. Yield a note for each of them.

    The rest of the working directory is not changed. Paths are texts here, because this runs for each trial of a sweep
    and would spend most of its time on creating path objects.
    """
    root = os.fspath(run.root)
    yield from _plain(root, root, deep=False)
    for name in (_WORK, *_FOLDERS):
        folder = os.path.join(root, name)
        mode = _mode(folder)
        if mode is None:
            continue
        if not stat.S_ISDIR(mode):
            yield _removed(folder, root, "is not a folder")
        elif name != _WORK:
            yield from _plain(folder, root, deep=True)


def _plain(folder: str, root: str, *, deep: bool) -> Iterator[str]:
    """Remove links and special files in a folder, and make the rest readable for its owner."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        _allow(here, os.lstat(here).st_mode, stat.S_IRWXU)
        with os.scandir(here) as entries:
            in_order = sorted(entries, key=lambda entry: entry.name)
        for entry in in_order:
            if entry.is_dir(follow_symlinks=False):
                waiting += [entry.path] if deep else []
            elif not entry.is_file(follow_symlinks=False):
                yield _removed(entry.path, root, "is a link or a special file")
            elif deep:
                mode = entry.stat(follow_symlinks=False).st_mode
                _allow(entry.path, mode & ~_SPECIAL, stat.S_IRUSR | stat.S_IWUSR, before=mode)


def _allow(path: str, mode: int, needed: int, before: int | None = None) -> None:
    wanted = stat.S_IMODE(mode | needed)
    if wanted != stat.S_IMODE(mode if before is None else before):
        with contextlib.suppress(PermissionError):  # owned by another member; refused later if it cannot be read
            Path(path).chmod(wanted)


def _removed(path: str, root: str, why: str) -> str:
    Path(path).unlink()
    return f"{os.path.relpath(path, root).removeprefix(f'{_WORK}/')} {why} and was not kept"


def _mode(path: str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
