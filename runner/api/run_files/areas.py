"""The files of a run by area, opened so that no name leads out of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from runner.errors import NotFoundError, nearest, one_of
from runner.io.json_records import open_regular
from runner.layout import RunLayout

if TYPE_CHECKING:
    from runner.api.runs.written import WrittenRun

_RECORDS = (RunLayout.config, RunLayout.lock_file, RunLayout.diff, RunLayout.record, RunLayout.events)
AREAS: dict[str, Callable[[WrittenRun], dict[str, Path]]] = {
    "outputs": lambda run: run.outputs(),
    "logs": lambda run: run.logs(),
    "snapshot": lambda run: run.snapshot_files(),
    "records": lambda run: _records(run.folder),
}


def _records(folder: RunLayout) -> dict[str, Path]:
    """Return the files about the run that may be shown: never the job order, which can have secrets."""
    records = {str(name): folder.root / name for name in _RECORDS}
    return {name: path for name, path in records.items() if path.is_file() and not path.is_symlink()}


def files_of(run: WrittenRun, area: str) -> dict[str, Path]:
    """Return the files of an area by name.

    Raises
    ------
    UserError
        If there is no such area.
    """
    return AREAS[one_of(area, tuple(AREAS), "area")](run)


def open_file(run: WrittenRun, area: str, name: str) -> BinaryIO:
    """Open a file of an area.

    Raises
    ------
    UserError
        If it is not listed, or has been removed or replaced meanwhile.
    """
    listed = files_of(run, area)
    if name not in listed:
        raise NotFoundError(f"Run {run.id} has no file '{name[:200]}' in {area}", nearest(name[:200], listed))
    try:
        return open_regular(listed[name], sys.maxsize)
    except FileNotFoundError:
        raise NotFoundError(f"{name} has been removed") from None
