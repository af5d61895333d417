"""Windows of a log: whole lines from any position of a file of any size, and the search for a text."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

WINDOW = 64 << 10  # bytes that are sent at a time
_SEARCHED = 4 << 20  # bytes that are searched at a time
_LONGEST = 200  # characters of a text to search for


def size_of(file: BinaryIO) -> int:
    """Return the bytes of an open file."""
    return os.fstat(file.fileno()).st_size


def before(file: BinaryIO, end: int) -> dict[str, Any]:
    """Return the whole lines that end at a position. A line that is longer than a window is cut."""
    size = size_of(file)
    end = min(max(0, end), size)
    start = max(0, end - WINDOW)
    content = _read(file, start, end)
    if start > 0 and (cut := content.find(b"\n") + 1) and cut < len(content):
        start, content = start + cut, content[cut:]
    return _window(content, start, size)


def after(file: BinaryIO, start: int) -> dict[str, Any]:
    """Return the whole lines that begin at a position; at the end of the file, also an unfinished line."""
    size = size_of(file)
    start = min(max(0, start), size)
    content = _read(file, start, min(start + WINDOW, size))
    if start + len(content) < size and (cut := content.rfind(b"\n") + 1):
        content = content[:cut]
    return _window(content, start, size)


def around(file: BinaryIO, position: int) -> dict[str, Any]:
    """Return the lines around a position."""
    position = min(max(0, position), size_of(file))
    start = max(0, position - WINDOW // 2)
    if start:
        start += _read(file, start, position).find(b"\n") + 1
    return after(file, start)


def find(file: BinaryIO, text: str, position: int, *, backwards: bool = False) -> int | None:
    """Return the position of the next match, or None. The case of ASCII letters is ignored."""
    wanted = text[:_LONGEST].encode().lower()
    size = size_of(file)
    if not wanted:
        return None
    if backwards:
        end = min(position + len(wanted) - 1, size)
        while end > 0:
            start = max(0, end - _SEARCHED)
            at = _read(file, start, end).lower().rfind(wanted)
            if at >= 0:
                return start + at
            end = start + len(wanted) - 1 if start else 0
        return None
    start = max(0, position)
    while start < size:
        block = _read(file, start, min(start + _SEARCHED, size))
        at = block.lower().find(wanted)
        if at >= 0:
            return start + at
        if start + len(block) >= size or len(block) < len(wanted):
            return None
        start += len(block) - len(wanted) + 1
    return None


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(max(0, end - start))


def _window(content: bytes, start: int, size: int) -> dict[str, Any]:
    """Return a window for the page: each line with its offset in bytes."""
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    texts, at = [], start
    for line in lines:
        texts.append([at, line.decode("utf-8", "replace").removesuffix("\r")])
        at += len(line) + 1
    return {"start": start, "end": start + len(content), "size": size, "lines": texts}
