"""What is printed: one JSON document, or lines for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any


def emit_json(value: Any) -> None:
    """Print one JSON document; numbers that JSON does not have become the strings the records use."""
    # Plain ASCII, so that a file name that is no UTF-8 still gives valid JSON.
    sys.stdout.write(json.dumps(_finite(value), indent=1, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def say(text: str = "") -> None:
    """Print one line for people."""
    sys.stdout.write(clean(text) + "\n")


def note(text: str) -> None:
    """Print one line beside the result, to standard error."""
    sys.stderr.write(clean(text) + "\n")


def clean(text: str) -> str:
    """Return a text that cannot steer the terminal: what a script put into names and values is not trusted."""
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
        return value
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(_finite(value), ensure_ascii=False)
    return str(value)


def show_time(text: str | None) -> str:
    """Return a recorded time on the clock of the person who reads it."""
    if not text:
        return ""
    from runner.clock import read_time

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


def section(title: str) -> None:
    """Begin a part of a longer text."""
    say()
    say(title)


def facts(found: Mapping[str, Any], indent: int = 0) -> None:
    """Print names and values in two columns, without those that have no value."""
    shown = {clean(name): show_value(value) for name, value in found.items()}
    shown = {name: value for name, value in shown.items() if value != ""}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        say(f"{' ' * indent}{name:<{width}}  {value}")
