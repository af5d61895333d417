"""The files in a run's folder by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from runner.layout import RunLayout


def log_files(run: RunLayout) -> dict[str, Path]:
    """Return the logs by name: those of the run and, while it is running, those in the script's ``./logs``."""
    return files_below(run.work_logs, run.logs)


def files_below(*folders: Path) -> dict[str, Path]:
    """Return the files below some folders by their paths there; of the same path, that of the last folder."""
    from runner.io.folders import list_files

    return {
        name: folder / name
        for folder in folders
        if folder.is_dir() and not folder.is_symlink()
        for name in list_files(folder)
    }
