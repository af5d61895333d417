"""Aliases of a model in an append-only file, which also tells which version was champion on a given day."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.clock import now, write_time
from runner.io.files import append_json_line, locked
from runner.io.json_records import LARGEST_LINES, read_bytes, read_lines
from runner.records import AliasLine


class AliasFile:
    """``aliases.jsonl`` of one model: one ``{time, alias, version}`` per line, version null when removed."""

    def __init__(self, folder: Path) -> None:
        self._path, self._lock = folder / "aliases.jsonl", folder / ".aliases.lock"

    def append(self, alias: str, version: int | None) -> None:
        """Append a change in a single write, so readers see the old state or the new."""
        with locked(self._lock):
            self._mend()
            append_json_line(self._path, {"time": now(), "alias": alias, "version": version})

    def _mend(self) -> None:
        """Cut off a last line that a full disk or a power cut left torn."""
        with contextlib.suppress(FileNotFoundError):
            content = read_bytes(self._path, LARGEST_LINES)
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                os.truncate(self._path, whole)

    def history(self) -> list[dict[str, Any]]:
        """Return every change, oldest first. A damaged line is named and skipped."""
        return list(read_lines(self._path, AliasLine))

    def current(self, at: str | None = None) -> dict[str, int]:
        """Return the aliases now or at a time. A day means its end in UTC."""
        limit = _moment(at) if at else None
        found: dict[str, int] = {}
        for line in self.history():
            if limit is not None and line["time"] > limit:
                continue
            if line["version"] is None:
                found.pop(line["alias"], None)
            else:
                found[line["alias"]] = line["version"]
        return found


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UserError(f"'{text}' is not a date", "For example: 2026-03-01 or 2026-03-01T12:00") from None
    if len(text) == len("2026-03-01"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return write_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
