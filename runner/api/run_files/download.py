"""Copies a run's files to a user's folder."""

from __future__ import annotations

from pathlib import Path

from runner.api.copies import copy_file, copy_tree, new_folder
from runner.layout import RunLayout
from runner.records import RunRecord


def download_run(folder: RunLayout, record: RunRecord, target: Path) -> int:
    """Copy outputs, logs and records into a new folder, and return the number of files.

    Raises
    ------
    UserError
        If the folder is not empty, or a file differs from its record.
    """
    expected = {file.path: file.sha256 for file in record.finalize.outputs} if record.finalize else None
    with new_folder(target) as staged:
        count = copy_tree(folder.outputs, staged / folder.outputs.name, expected)
        for tree in (folder.logs, folder.children):
            count += copy_tree(tree, staged / tree.name)
        # Without order.json and process.json, which are internal and can contain environment variables.
        for path in (
            folder.record,
            folder.config,
            folder.metrics,
            folder.properties,
            folder.events,
            folder.lock_file,
            folder.diff,
            folder.result,
            folder.inspection,
        ):
            if path.is_file() and not path.is_symlink():
                copy_file(path, staged / path.name)
                count += 1
    return count
