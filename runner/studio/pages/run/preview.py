"""Previews of files: a table, text, a picture or the cells of a notebook. Large files are shown in part."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from runner.console.format import clean

_READ = 256 << 10  # bytes of a text or table
_PARSED = 2 << 20  # bytes of JSON, notebooks and SVG; larger files are shown as text
ROWS, COLUMNS = 200, 60
_CELL = 200
_PARQUET_SECONDS = 10
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"BM": "image/bmp"}


@dataclass
class Preview:
    """What is shown. `kind` is text, table, picture, drawing, notebook or nothing. `note` says what is left out."""

    kind: str
    text: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    cells: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""


def picture_type(file: BinaryIO) -> str | None:
    """Return the media type of a picture that cannot contain a script, detected from its content."""
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _PICTURES.items() if head.startswith(mark)), None)


def preview(file: BinaryIO, name: str, size: int) -> Preview:
    """Return the preview of an open file. Its content may be anything, whatever its name says."""
    if picture_type(file):
        return Preview("picture")
    suffix = PurePosixPath(name.lower()).suffix
    if suffix == ".parquet":
        return _parquet(file)
    head = file.read(_READ)
    if b"\0" in head[:8192]:
        return Preview("nothing", note="This is not text. Download it to look at it.")
    whole = head + (file.read(_PARSED - len(head)) if size <= _PARSED else b"")
    parse = _PARSERS.get(suffix)
    if parse is not None and size <= _PARSED:
        parsed = parse(whole)
        if parsed is not None:
            return parsed
    if suffix in (".csv", ".tsv"):
        return _table(head, size, "\t" if suffix == ".tsv" else ",")
    return Preview("text", _text(head), note=_cut(len(head), size))


def _text(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return "".join(
        character if character in "\n\t" or character.isprintable() else "�" for character in text.replace("\r\n", "\n")
    )


def _cut(shown: int, size: int) -> str:
    return f"The first {shown >> 10} KB of {size:,} bytes. Download the file for the rest." if shown < size else ""


def _table(head: bytes, size: int, delimiter: str) -> Preview:
    """Return the first rows of a file of separated values."""
    text = head.decode("utf-8-sig", "replace")
    if len(head) < size:
        text = text[: text.rfind("\n") + 1] or text
    sample = text[:4096]
    delimiter = ";" if delimiter == "," and sample.count(";") > 2 * sample.count(",") else delimiter
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(text), delimiter=delimiter), ROWS + 1))
    except csv.Error:  # a field longer than csv takes
        return Preview("text", _text(head), note=_cut(len(head), size))
    width = max(map(len, rows), default=0)
    cells = [[_cell(cell) for cell in row[:COLUMNS]] for row in rows]
    notes = [f"The first {ROWS} rows."] if len(rows) > ROWS or len(head) < size else []
    notes += [f"The first {COLUMNS} of {width} columns."] if width > COLUMNS else []
    return Preview("table", columns=cells[0] if cells else [], rows=cells[1:], note=" ".join(notes))


def _cell(text: str) -> str:
    return clean(text if len(text) <= _CELL else f"{text[:_CELL]}…")


def _json(content: bytes) -> Preview | None:
    try:
        return Preview("text", _text(json.dumps(json.loads(content), indent=2, ensure_ascii=False).encode()))
    except (ValueError, RecursionError):
        return None


def _notebook(content: bytes) -> Preview | None:
    """Return the cells of a notebook as text. Pictures and HTML are left out."""
    try:
        cells = json.loads(content)["cells"]
        texts = [text for cell in cells[:ROWS] for text in _cell_texts(cell)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Preview("notebook", cells=[(kind, _text(text.encode("utf-8", "replace"))) for kind, text in texts])


def _cell_texts(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield str(cell.get("cell_type", "raw")), "".join(cell.get("source", []))
    for output in cell.get("outputs", []):
        text = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or []
        if text:
            yield "output", "".join(text)


def _drawing(content: bytes) -> Preview | None:
    """Return an SVG as a data URL. In an image, a browser runs no script of it and loads nothing for it."""
    return Preview("drawing", f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}")


_PARSERS: dict[str, Callable[[bytes], Preview | None]] = {
    ".json": _json, ".ipynb": _notebook, ".svg": _drawing,
}  # fmt: skip


def _parquet(file: BinaryIO) -> Preview:
    """Return the first rows of a Parquet file. A small file can expand to many rows, so a limited process reads it."""
    command = [sys.executable, "-s", "-m", "runner.studio.parquet_rows", str(ROWS), str(COLUMNS)]
    try:
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=_PARQUET_SECONDS, check=False)
        table = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return Preview("nothing", note="This file cannot be read as Parquet within the memory that previews have.")
    if "problem" in table:
        return Preview("nothing", note=_cell(table["problem"]))
    rows = [[_cell(cell) for cell in row] for row in table["rows"]]
    note = f"The first {len(rows)} of {table['count']:,} rows." if table["count"] > len(rows) else ""
    return Preview("table", columns=[_cell(column) for column in table["columns"]], rows=rows, note=note)
