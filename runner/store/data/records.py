"""The record of a data asset's version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import FileName, Name, Sha256, Time
from runner.io.record import FORMAT, Record, frozen_record

FILE, FOLDER, TABLE = TYPES = ("file", "folder", "table")


@frozen_record
class HistogramRecord(Record):
    """A histogram of numbers. The first bin begins at `start`, and each is `width` wide."""

    start: float
    width: float
    counts: tuple[int, ...]


@frozen_record
class TimelineRecord(Record):
    """A histogram of dates or times. `edges` has the start of each bin, and the end of the last.

    Dates and times are written in ISO 8601; times that all have a zone are in UTC.
    """

    edges: tuple[str, ...]
    counts: tuple[int, ...]


@frozen_record
class FrequentRecord(Record):
    """A value and the number of cells that have it."""

    value: str
    count: int


@frozen_record
class ColumnRecord(Record):
    """A column of a table.

    `type` is integer, number, boolean, date, time, text, object (nested values) or empty. `min` and `max` are numbers,
    or texts in their order. `top` is the most frequent value, None if there are too many different values to count.
    `distinct` is the number of different values. `frequent` has up to ten of them, most frequent first. `histogram` is
    for finite numbers, and `timeline` for dates and times. Both are None without two different values.
    """

    name: str
    type: str
    missing: int = 0
    min: Any = None
    max: Any = None
    top: str | None = None
    top_count: int | None = None
    distinct: int | None = None
    histogram: HistogramRecord | None = None
    timeline: TimelineRecord | None = None
    frequent: tuple[FrequentRecord, ...] = ()


@frozen_record
class TableRecord(Record):
    """A description of a table. `head` has its first rows as texts, and `notes` the problems found in it."""

    rows: int | None = None
    columns: tuple[ColumnRecord, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@frozen_record
class AssetRecord(Record):
    """``data.json``: one version of a data asset.

    `hash` is the hash of its content, as runs record it for an input. `bytes` is the total size. `content` is the name
    of the file or folder that scripts see. `reference` is the absolute path of content that was not copied, and
    `source` the path that it was added from. `run` and `output` name the run that produced it, and the run's output.
    """

    format: int = FORMAT
    name: Name
    version: int
    created: Time
    type: str
    hash: Sha256
    files: int
    bytes: int
    content: FileName
    reference: str | None = None
    source: str = ""
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    run: str | None = None
    output: str | None = None
    table: TableRecord | None = None

    @property
    def id(self) -> str:
        """The version as ``NAME:3``."""
        return f"{self.name}:{self.version}"
