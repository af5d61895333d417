"""Reads a JSON-lines file that is being appended to: each call returns what was added since the last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.json_records import LARGEST, LARGEST_LINES, check_line, open_regular, warn_once
from runner.io.record import Record


class GrowingLines:
    """The lines of one file that are records of a kind.

    A line is read once it is complete. A file that was replaced or truncated is read again from its beginning.
    `restarts` counts how often that happened.

    Parameters
    ----------
    path : Path
        The file, which may not exist yet.
    kind : type of Record
        The kind of record. Other lines are skipped with one warning on standard error.
    """

    def __init__(self, path: Path, kind: type[Record]) -> None:
        self._path, self._kind = path, kind
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._skipping = False  # the rest of a line that is too long
        self.restarts = 0

    def added(self) -> Iterator[dict[str, Any]]:
        """Yield the lines that were added. A file that cannot be read gives no lines and one warning."""
        try:
            file = open_regular(self._path, LARGEST_LINES)
        except FileNotFoundError:
            return
        except UserError as error:
            warn_once(self._path, str(error))
            return
        with file:
            self._resume(os.fstat(file.fileno()))
            file.seek(self._offset)
            while line := file.readline(LARGEST):
                whole = line.endswith(b"\n")
                if not whole and len(line) < LARGEST:
                    return
                self._offset += len(line)
                skipped, self._skipping = self._skipping, not whole
                if whole and not skipped:
                    yield from self._checked(line)
                elif not skipped:
                    warn_once(self._path, f"{self._path} is damaged; skipped a line that is too long")

    def _resume(self, state: os.stat_result) -> None:
        identity = state.st_dev, state.st_ino
        if self._identity is not None and (identity != self._identity or state.st_size < self._offset):
            self._offset, self._skipping = 0, False
            self.restarts += 1
        self._identity = identity

    def _checked(self, line: bytes) -> Iterator[dict[str, Any]]:
        parsed = check_line(line, self._kind)
        if isinstance(parsed, dict):
            yield parsed
        elif parsed is not None:
            warn_once(self._path, f"{self._path} is damaged; skipped a line: {parsed}")
