"""The list of a snapshot's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from runner.io.record import Record, frozen_record


@frozen_record
class ManifestEntry(Record):
    """A file of a snapshot."""

    sha256: str
    size: int
    executable: bool = False


@frozen_record
class ManifestRecord(Record):
    """``manifest.json`` of a snapshot."""

    files: Mapping[str, ManifestEntry] = field(default_factory=dict)
