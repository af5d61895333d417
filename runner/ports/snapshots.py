"""Copies of source folders."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from runner.ports.say import Say
from runner.records import SnapshotRecord


class SnapshotStore(Protocol):
    """Content-addressed copies of source folders."""

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        """Copy a source folder, unless its content is already stored."""

    def check_out(self, digest: str, target: Path) -> None:
        """Make a writable copy of a stored snapshot."""
