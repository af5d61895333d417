"""Metric lines: one writer for the azureml stand-in, the log patterns and the MLflow reader."""

import datetime
import json
import math
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Tuple

_LONGEST_LINE = 1 << 16
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")


def now() -> str:
    """Return the current time in the format of records."""
    return datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode(value: "Any") -> "Any":
    """Convert a value for strict JSON.

    Numpy scalars and arrays become numbers and lists; numbers that are not finite become the strings ``NaN``,
    ``Infinity`` and ``-Infinity``.
    """
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [encode(item) for item in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return encode(value.tolist())
    if hasattr(value, "item"):
        return encode(value.item())
    return str(value)


def write_line(path: str, line: "Dict[str, Any]") -> None:
    """Append one JSON line in a single write, so that lines of many processes stay whole."""
    content = (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o664)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def append(
    run_dir: str,
    name: str,
    value: "Any",
    step: "Optional[int]" = None,
    kind: str = "scalar",
    time: "Optional[str]" = None,
) -> None:
    """Record one value of a metric."""
    line = {"name": str(name), "value": encode(value), "step": step, "time": time or now(), "kind": kind}
    write_line(os.path.join(run_dir, "metrics.jsonl"), line)


def set_property(run_dir: str, kind: str, name: str, value: "Optional[str]") -> None:
    """Record a tag or property; null removes it."""
    line = {"kind": kind, "name": str(name), "value": value, "time": now()}
    write_line(os.path.join(run_dir, "properties.jsonl"), line)


class LogPatterns:
    """Finds metrics in what a script prints.

    The number is a pattern's group ``value``, else its first group, else the whole match. Lines are matched one by
    one, up to 64 KiB of each, so that endless output does not need memory.
    """

    def __init__(self, patterns: "Mapping[str, str]") -> None:
        self._patterns = [(name, re.compile(pattern)) for name, pattern in patterns.items()]
        self.unread: "Dict[str, str]" = {}  # the first match of each pattern that is not a number
        self.unmatched = set(patterns)  # patterns that have found nothing yet
        self._rest = b""
        self._skipping = False

    def feed(self, block: bytes) -> "List[Tuple[str, float]]":
        """Return the metrics in the lines that the block completes."""
        lines = (self._rest + block).replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        found: "List[Tuple[str, float]]" = []
        for line in lines:
            if not self._skipping:
                found += self._look(line)
            self._skipping = False
        if len(self._rest) > _LONGEST_LINE:
            if not self._skipping:
                found += self._look(self._rest[:_LONGEST_LINE])
            self._rest, self._skipping = b"", True
        return found

    def finish(self) -> "List[Tuple[str, float]]":
        """Return the metrics in the last line, which may be incomplete."""
        rest, self._rest = self._rest, b""
        return [] if self._skipping else self._look(rest)

    def _look(self, line: bytes) -> "List[Tuple[str, float]]":
        found = []
        words = line[:_LONGEST_LINE].decode("utf-8", "replace")
        for name, pattern in self._patterns:
            for match in pattern.finditer(words):
                text = match.groupdict().get("value") or (match.group(1) if pattern.groups else match.group(0))
                self.unmatched.discard(name)
                value = as_number(text or "")
                if value is None:
                    self.unread.setdefault(name, (text or "")[:80])
                else:
                    found.append((name, value))
        return found


def as_number(text: str) -> "Optional[float]":
    """Parse a number, including forms such as ``95%``, ``0.95,`` and ``1,234.5``; return None for other texts."""
    text = text.strip().rstrip("%,;:)]")
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None
