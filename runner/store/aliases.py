"""Aliases in an append-only file, which also records which version was champion on any past day."""

from __future__ import annotations

from datetime import UTC, date
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.clock import now, read_time, write_time
from runner.io.files import append_json_line
from runner.io.json_records import read_lines, repair_lines
from runner.io.locks import locked
from runner.records import AliasLine


class AliasFile:
    """``aliases.jsonl`` of a model or data asset: ``{time, alias, version}`` per line, version null for a removal."""

    def __init__(self, folder: Path) -> None:
        self._path, self._lock = Path(self.path_in(folder)), folder / ".aliases.lock"

    @staticmethod
    def path_in(folder: Path | str) -> str:
        """Return the path of the file in a folder."""
        return f"{folder}/aliases.jsonl"

    def append(self, alias: str, version: int | None) -> None:
        """Append a change in a single write, so readers see the old state or the new."""
        with locked(self._lock):
            repair_lines(self._path)
            append_json_line(self._path, {"time": now(), "alias": alias, "version": version})

    def history(self) -> list[dict[str, Any]]:
        """Return every change, oldest first. A damaged line is skipped with a warning."""
        return list(read_lines(self._path, AliasLine))

    def current(self, at: str | None = None) -> dict[str, int]:
        """Return the version of each alias, now or at a time. A day means its end in UTC.

        Raises
        ------
        UserError
            If `at` is not a date or time in ISO 8601.
        """
        limit = _moment(at) if at else None
        versions: dict[str, int] = {}
        for line in self.history():
            if limit is not None and line["time"] > limit:
                continue
            if line["version"] is None:
                versions.pop(line["alias"], None)
            else:
                versions[line["alias"]] = line["version"]
        return versions


def _moment(text: str) -> str:
    try:
        moment = read_time(text)
        if _is_day(text):
            moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return write_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # the latter for a time that is before year 1 or after 9999 in UTC
        raise UserError(f"'{text}' is not a date", "For example: 2026-03-01 or 2026-03-01T12:00") from None


def _is_day(text: str) -> bool:
    """Return whether a text is a date without a time, in any form of ISO 8601 such as ``20260301``."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
