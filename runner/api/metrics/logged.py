"""Reads the logged values of a run into arrays. Later calls read only the lines that were added.

A metric of a million points is 120 MB of lines. They are parsed once, in blocks, and kept as numbers while the file's
state shows that nothing was removed from it.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from runner.api.metrics.blocks import EXACT, Points, regular_points
from runner.execution.metrics import kind_of, numbers_of
from runner.io.field_types import check_time
from runner.io.json_records import LARGEST_LINES, check_line, open_regular
from runner.records import MetricLine

AXES = ("step", "time")
_BLOCK = 1 << 20
_LARGEST_BLOCK = 8 << 20  # a longer line is a value that no page can show
_LONGEST_NAME = 200
_NAMES = 500
_ENTRIES = 2000  # rows, tables and pictures that are kept of one metric: the last ones
_KEPT = 2_000_000  # points of all files in memory
_FIELDS = ("name", "value", "step", "time", "kind")
Parts = tuple[str, Any, int | None, str | None, str | None]
_parts = attrgetter(*_FIELDS)


@dataclass
class Logged:
    """What was logged under one name.

    Attributes
    ----------
    kind : str
        As `runner.execution.metrics.KINDS` names it.
    count : int
        The number of logged values.
    x, y : array of float
        The numbers, and their steps or times; of a value without a step its position.
    entries : list of dict
        Rows, tables, pictures and charts: the last ones, with value, step and time.
    last : object
        The last value that is a number, text or boolean.
    """

    kind: str
    count: int = 0
    x: array[float] = field(default_factory=lambda: array("d"))
    y: array[float] = field(default_factory=lambda: array("d"))
    entries: list[dict[str, Any]] = field(default_factory=list)
    last: Any = None


@dataclass
class Metrics:
    """All that a run logged, by name. `left_out` counts names beyond the limit and lines too long to show."""

    named: dict[str, Logged] = field(default_factory=dict)
    left_out: int = 0

    @property
    def points(self) -> int:
        """The numbers in memory."""
        return sum(len(logged.x) for logged in list(self.named.values()))  # another thread may be adding a metric

    def copy(self) -> Metrics:
        """Return a copy that does not change when more is read."""
        copies = {
            name: dataclasses.replace(one, x=one.x[:], y=one.y[:], entries=one.entries[:])
            for name, one in self.named.items()
        }
        return Metrics(copies, self.left_out)


class _Reader:
    """The metrics of one file, and up to where it was read."""

    def __init__(self, axis: str) -> None:
        self.lock = threading.Lock()
        self.metrics, self._axis = Metrics(), axis
        self._identity: tuple[int, int] | None = None
        self._offset = 0

    def refresh(self, path: Path) -> Metrics:
        """Read what was added since the last time, or everything if the file was replaced or cut."""
        try:
            file = open_regular(path, LARGEST_LINES)
        except FileNotFoundError:
            return Metrics()
        with file:
            state = os.fstat(file.fileno())
            identity = (state.st_dev, state.st_ino)
            if identity != self._identity or state.st_size < self._offset:
                self.metrics, self._identity, self._offset = Metrics(), identity, 0
            file.seek(self._offset)
            for block, size in _blocks(file):
                self._offset += size
                if block is None:
                    self.metrics.left_out += 1
                else:
                    self._add_block(block)
        return self.metrics

    def _add_block(self, block: bytes) -> None:
        """Add the lines of a block, all at once if they are regular."""
        points = regular_points(block)
        if points is None or not all(self._takes(series) for series in points):
            self._add(_parsed(block))
            return
        for series in points:
            self._add_points(self.metrics.named[series.name], series)

    def _takes(self, points: Points) -> bool:
        """Return whether values can be added at once: to numbers over what all of them have."""
        logged = self.metrics.named.get(points.name)
        by_time = self._axis == "time"
        return logged is not None and logged.kind == "scalar" and (by_time or None not in points.steps)

    def _add_points(self, logged: Logged, points: Points) -> None:
        logged.count += len(points.values)
        if self._axis == "time":
            logged.x.extend(float("nan") if moment is None else moment.timestamp() for moment in points.times)
        else:
            logged.x.extend(points.steps)  # type: ignore[arg-type]  # none is None, as `_takes` says
        logged.y.extend(points.values)
        logged.last = points.values[-1]

    def _add(self, lines: Iterable[Parts]) -> None:
        named, by_time = self.metrics.named, self._axis == "time"
        for name, value, step, time, kind in lines:
            logged = named.get(name)
            if logged is None or (kind is not None and kind != logged.kind):
                logged = self._begin(name, kind)
                if logged is None:
                    continue
            logged.count += 1
            if type(value) is float and logged.kind == "scalar":  # what nearly all lines are
                logged.x.append(_seconds(time) if by_time else logged.count - 1 if step is None else step)
                logged.y.append(value)
                logged.last = value
            else:
                self._add_other(logged, {"value": value, "step": step, "time": time, "kind": kind})

    def _begin(self, name: str, kind: str | None) -> Logged | None:
        """Return a new metric, or None if the line removes one or there are too many."""
        line = {"kind": kind}
        if kind_of(line).removes:
            self.metrics.named.pop(name, None)
            return None
        if name in self.metrics.named:
            # A metric that changes its kind keeps its values: those of each kind are in their own place.
            self.metrics.named[name].kind = kind or "scalar"
            return self.metrics.named[name]
        if len(name) > _LONGEST_NAME or len(self.metrics.named) >= _NAMES:
            self.metrics.left_out += 1
            return None
        return self.metrics.named.setdefault(name, Logged(kind or "scalar"))

    def _add_other(self, logged: Logged, line: dict[str, Any]) -> None:
        try:
            numbers = numbers_of(line)
        except OverflowError:  # a whole number that is larger than any float
            numbers = [float("nan")]
        at = _seconds(line["time"]) if self._axis == "time" else line["step"]
        for number in numbers:
            logged.x.append(len(logged.x) if at is None else at)
            logged.y.append(number)
        if kind_of(line).replaces:
            logged.last = line["value"] if not isinstance(line["value"], list | dict) else None
        elif not numbers:
            logged.entries.append(line)
            del logged.entries[:-_ENTRIES]


_readers: OrderedDict[tuple[Path, str], _Reader] = OrderedDict()
_lock = threading.Lock()


def read_metrics(path: Path, axis: str = "step") -> Metrics:
    """Return what is logged in a file now, with its numbers over their steps or over time.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    with _lock:
        reader = _readers.setdefault((path, axis), _Reader(axis))
        _readers.move_to_end((path, axis))
    with reader.lock:
        found = reader.refresh(path).copy()
    with _lock:
        while len(_readers) > 1 and sum(reader.metrics.points for reader in _readers.values()) > _KEPT:
            _readers.popitem(last=False)
    return found


def _blocks(file: BinaryIO) -> Iterator[tuple[bytes | None, int]]:
    """Yield whole lines, many at a time, and how many bytes they take; None for a line that is too long."""
    rest, dropped = b"", 0
    while block := file.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        if dropped and not end:
            dropped += len(block)
        elif dropped:
            first = block.index(b"\n") + 1
            yield None, dropped + first
            if end > first:
                yield block[first:end], end - first
            rest, dropped = block[end:], 0
        elif end:
            whole = rest + block[:end]
            yield whole, len(whole)
            rest = block[end:]
        else:
            rest += block
            if len(rest) > _LARGEST_BLOCK:
                rest, dropped = b"", len(rest)


def _parsed(block: bytes) -> Iterable[Parts]:
    """Return the lines of a block that are metrics. What is not is skipped, as by all who read them."""
    decode = _decoder()
    parts = decode(block) if decode is not None else None
    return parts if parts is not None else _one_by_one(block)


def _one_by_one(block: bytes) -> Iterator[Parts]:
    for line in block.splitlines():
        checked = check_line(line, MetricLine)
        if isinstance(checked, Mapping):
            yield checked["name"], checked.get("value"), checked.get("step"), checked.get("time"), checked.get("kind")


@functools.cache
def _decoder() -> Callable[[bytes], Iterable[Parts] | None] | None:
    """Return what parses many lines at once, or returns None if one of them is not a metric.

    Without msgspec, which vivero[studio] installs, all lines are parsed one by one. That takes ten times as long.
    """
    try:
        import msgspec
    except ImportError:
        return None
    step = Annotated[int, msgspec.Meta(ge=-EXACT, le=EXACT)]
    fields: list[Any] = [("name", str), ("value", Any, None), ("step", step | None, None), ("time", str | None, None)]
    line = msgspec.defstruct("Line", [*fields, ("kind", str | None, None)], gc=False)
    lines = msgspec.json.Decoder(line)

    def decode(block: bytes) -> Iterable[Parts] | None:
        try:
            parts = [_parts(line) for line in lines.decode_lines(block)]
            for time in {time for _, _, _, time, _ in parts if time is not None}:
                check_time(time)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            return None
        return parts

    return decode


def _seconds(time: str | None) -> float:
    """Return a time as seconds since 1970, NaN for none."""
    try:
        return datetime.fromisoformat(time).timestamp() if time else float("nan")
    except ValueError:
        return float("nan")
