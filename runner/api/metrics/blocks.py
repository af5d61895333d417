"""Reads blocks of regular lines of metrics: numbers over steps or times, many at once.

Nearly all lines are such. They are parsed into columns, which takes half of the time of looking at each. A block that
has one other line is left to the reader of single lines.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Literal

EXACT = 1 << 53  # whole numbers up to here are numbers of an array, too
_LARGEST = sys.float_info.max
_YEARS = (1971, 9998)  # which every time zone has, and records too


@dataclass(frozen=True)
class Points:
    """The values of one metric in their order. A step or time is None where a line has none."""

    name: str
    values: Sequence[int | float]
    steps: Sequence[int | None]
    times: Sequence[datetime | None]


def regular_points(block: bytes) -> list[Points] | None:
    """Return the values in a block of whole lines by metric, None if it has a line that is not regular.

    Without msgspec, which vivero[studio] installs, no block is.
    """
    decode = _decoder()
    if decode is None:
        return None
    import msgspec

    try:
        lines = decode(block)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    times = _column("time", lines)
    moments = [moment for moment in times if moment is not None] if times.count(None) < len(times) else ()
    if not lines or (moments and not _YEARS[0] <= min(moments).year <= max(moments).year <= _YEARS[1]):
        return None
    values = _column("value", lines)
    if not -_LARGEST <= min(values) <= max(values) <= _LARGEST:  # a whole number that is larger than any float
        return None
    return _by_name(_column("name", lines), values, _column("step", lines), times)


def _column(name: str, lines: Iterable[Any]) -> list[Any]:
    return list(map(attrgetter(name), lines))


@functools.cache
def _decoder() -> Callable[[bytes], list[Any]] | None:
    try:
        import msgspec
    except ImportError:
        return None
    step: Any = Annotated[int, msgspec.Meta(ge=-EXACT, le=EXACT)] | None
    time: Any = Annotated[datetime, msgspec.Meta(tz=True)] | None
    fields: list[Any] = [("name", str), ("value", int | float), ("step", step, None), ("time", time, None)]
    line: Any = msgspec.defstruct("Line", [*fields, ("kind", Literal["scalar"] | None, None)], gc=False)
    lines: Callable[[bytes], list[Any]] = msgspec.json.Decoder(line).decode_lines
    return lines


def _by_name(names: Sequence[str], *columns: Sequence[Any]) -> list[Points]:
    if names.count(names[0]) == len(names):
        return [Points(names[0], *columns)]
    by_name: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        by_name.setdefault(name, []).append(at)
    return [Points(name, *([column[at] for at in places] for column in columns)) for name, places in by_name.items()]
