"""Explains failures caused by files that are missing from the copy of the source."""

from __future__ import annotations

import os
import re
from pathlib import Path

from runner.config.validation.composition import source_folder
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.records import SnapshotRecord
from runner.store.snapshots import IGNORE_FILES

_NO_MODULE = r"\b(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'"
_MISSING = r"\b(?:FileNotFoundError|No such file or directory)\b.*?['\"]([^'\"]+)['\"]"


def check_script(context: RunContext, source: Path, snapshot: SnapshotRecord) -> None:
    """Refuse to continue without the script.

    Raises
    ------
    UserError
        If an ignore file excludes it.
    """
    script = context.spec.job.script
    if script is not None and not _is_copied(context, snapshot, script):
        raise UserError(
            f"job.script: {script} is left out of the copy of {source}{_excluded_by(source)}",
            "Remove the line that names the file or a folder above it",
        )


def hint(context: RunContext, snapshot: SnapshotRecord, reason: str) -> str | None:
    """Return a hint for a file that a script did not find, if it is in or beside the source folder."""
    if context.restored_from is not None:
        return None
    module = re.search(_NO_MODULE, reason)
    if module is not None:
        if module[1].startswith("azureml."):
            return f"{module[1]} is not available in a run: what it configures on Azure is YAML configuration here"
        return _hint_of_module(context, snapshot, module[1].partition(".")[0])
    match = re.search(_MISSING, reason)
    if match is None:
        return None
    try:
        source = source_folder(context.spec, context.base)
        named = match[1].removeprefix(f"{context.run.work}/")
        place = Path(os.path.normpath(source / named))
        if not place.exists() or place == source:
            return None
    except (OSError, ValueError, UserError):  # not a path, or the folder has been removed
        return None
    give = f"Add it as an input, data.inputs.NAME.path={place}, and pass ${{input:NAME}} to the script"
    if not place.is_relative_to(source):
        return f"{match[1]} is outside the source folder, and only that folder is copied. {give}"
    if not _is_copied(context, snapshot, str(place.relative_to(source))):
        return f"{match[1]} is left out of the copy of the source folder{_excluded_by(source)}. {give}"
    return None


def _hint_of_module(context: RunContext, snapshot: SnapshotRecord, module: str) -> str | None:
    try:
        source = source_folder(context.spec, context.base)
    except UserError:
        return None
    for name in (f"{module}.py", module):
        if (source / name).exists() and not _is_copied(context, snapshot, name):
            return f"{name} is left out of the copy of the source folder{_excluded_by(source)}"
    return None


def _is_copied(context: RunContext, snapshot: SnapshotRecord, name: str) -> bool:
    return (context.layout.snapshot(snapshot.hash) / "files" / name).exists()


def _excluded_by(source: Path) -> str:
    return next((f" by {name}" for name in IGNORE_FILES if (source / name).is_file()), "")
