"""Metric lines. The azureml stand-in, the log patterns and the MLflow reader share this writer."""

import json
import math
import os
import re

from .. import layout
from ..files import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Tuple

_LONGEST_LINE = 1 << 16
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")


def encode(value: "Any") -> "Any":
    """Convert a value for strict JSON.

    NumPy scalars and arrays become numbers and lists. Non-finite numbers become the strings ``NaN``, ``Infinity`` and
    ``-Infinity``.
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
    """Append one JSON line in a single write, so that lines of concurrent processes stay whole."""
    content = (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
    # A script may have put a FIFO without a reader there. Opening it must not block the worker.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o664)
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
    write_line(os.path.join(run_dir, layout.METRICS), line)


def set_property(run_dir: str, kind: str, name: str, value: "Optional[str]") -> None:
    """Record a tag or property. None removes it."""
    line = {"kind": kind, "name": str(name), "value": value, "time": now()}
    write_line(os.path.join(run_dir, layout.PROPERTIES), line)


class LogPatterns:
    """Finds metrics in a script's output.

    The number is a pattern's group ``value``, else its first group, else the whole match. Patterns are matched line by
    line, up to 64 KiB of a line, so that endless output does not use up memory.
    """

    def __init__(self, patterns: "Mapping[str, str]") -> None:
        self._patterns = [(name, re.compile(pattern)) for name, pattern in patterns.items()]
        self.unread: "Dict[str, str]" = {}  # by pattern, the first match that is not a number
        self.unmatched = set(patterns)  # patterns without a match so far
        self._rest = b""
        self._skipping = False

    def feed(self, block: bytes) -> "List[Tuple[str, float]]":
        """Return the metrics in the lines that the block completes."""
        lines = (self._rest + block).replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        values: "List[Tuple[str, float]]" = []
        for line in lines:
            if not self._skipping:
                values += self._find(line)
            self._skipping = False
        if len(self._rest) > _LONGEST_LINE:
            if not self._skipping:
                values += self._find(self._rest[:_LONGEST_LINE])
            self._rest, self._skipping = b"", True
        return values

    def finish(self) -> "List[Tuple[str, float]]":
        """Return the metrics in the last line, which may be incomplete."""
        rest, self._rest = self._rest, b""
        return [] if self._skipping else self._find(rest)

    def _find(self, line: bytes) -> "List[Tuple[str, float]]":
        values = []
        words = line[:_LONGEST_LINE].decode("utf-8", "replace")
        for name, pattern in self._patterns:
            for match in pattern.finditer(words):
                text = match.groupdict().get("value") or (match.group(1) if pattern.groups else match.group(0))
                self.unmatched.discard(name)
                value = as_number(text or "")
                if value is None:
                    self.unread.setdefault(name, (text or "")[:80])
                else:
                    values.append((name, value))
        return values


def as_number(text: str) -> "Optional[float]":
    """Parse a number, including forms such as ``95%``, ``0.95,`` and ``1,234.5``. Return None for other texts."""
    text = text.strip().rstrip("%,;:)]")
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None
