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
    """How many numbers are in each of several bins. The first begins at `start`, and each is `width` wide."""

    start: float
    width: float
    counts: tuple[int, ...]


@frozen_record
class TimelineRecord(Record):
    """How many dates or times are in each of several bins. `edges` has where each begins, and where the last ends.

    Dates and times are written in ISO 8601; times that all have a zone are in UTC.
    """

    edges: tuple[str, ...]
    counts: tuple[int, ...]


@frozen_record
class FrequentRecord(Record):
    """A value, and how many cells have it."""

    value: str
    count: int


@frozen_record
class ColumnRecord(Record):
    """A column of a table.

    `type` is integer, number, boolean, date, time, text, object (what is nested) or empty. `min` and `max` are numbers,
    or texts in their order. `top` is the most frequent value, None if there are too many different ones to count;
    `distinct` is how many there are. `frequent` has up to ten of them, most frequent first. `histogram` is that of the
    finite numbers, and `timeline` that of dates and times; both are None if there are no two different ones.
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
    """What a table holds. `head` has its first rows as texts, `notes` what was odd about it or could not be read."""

    rows: int | None = None
    columns: tuple[ColumnRecord, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@frozen_record
class AssetRecord(Record):
    """``data.json``: one version of a data asset.

    `hash` is that of its content, as runs record it of an input. `content` is the name of the file or folder that
    scripts see. `reference` is the absolute path of content that was not copied, `source` where it was added from.
    `run` and `output` say which output of which run it is.
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
