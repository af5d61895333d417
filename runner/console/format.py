"""Formats values for people: short, and without terminal control characters."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_ID = r"[A-Za-z0-9][\w.-]*-[0-9]{8}-[0-9]{6}-([0-9a-f]{8})\b"  # experiment, time, random digits; compiled once used
_ANY_ID = rf"{_ID}|\b[0-9a-f]{{8}}\b"
_LONGEST = 200  # of a text in a table or summary; --json has all of it


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """Return the shortest unique ending of each id. Commands accept it in place of the id."""
    ends = {run_id: match[1] for run_id in ids if (match := re.fullmatch(_ID, run_id, re.ASCII))}
    many = Counter(ends.values())
    return {run_id: end for run_id, end in ends.items() if many[end] == 1}


def shorten_ids(text: str, short: Mapping[str, str]) -> str:
    """Return a text with its ids shortened as by `short_ids`."""
    return re.sub(_ID, lambda match: short.get(match[0], match[0]), text, flags=re.ASCII) if short else text


def longest_id(texts: Iterable[str]) -> int:
    """Return the length of the longest id in some texts, shortened or not, or 0."""
    return max((len(match[0]) for text in texts for match in re.finditer(_ANY_ID, text, re.ASCII)), default=0)


def finite(value: Any) -> Any:
    """Return plain data in which NaN and infinities are the strings that records use."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def shown_line(line: str) -> str:
    """Return what a terminal shows of a line of a log: the text after the last carriage return that text follows."""
    return line.rstrip("\r").rpartition("\r")[2]


def clean(text: str) -> str:
    """Return a text without terminal control characters, because names and values from scripts are not trusted."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_value(value: Any) -> str:
    """Return a value in few characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(finite(value), ensure_ascii=False)
    return str(value)


def show_time(text: str | None) -> str:
    """Return a recorded time in local time."""
    if not text:
        return ""
    from runner.io.clock import read_time

    return read_time(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def show_duration(seconds: float | None) -> str:
    """Return a number of seconds as ``0.82 s``, ``2 m 05 s`` or ``3 h 10 m``."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} m"


def show_bytes(size: float | None) -> str:
    """Return a size as ``1.2 MB``."""
    if size is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def show_count(count: int, noun: str) -> str:
    """Return ``1 run`` or ``2 runs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
