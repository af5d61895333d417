"""Divides a table into pieces of at most N rows, each with the header. Reads one piece at a time.

Rows are copied byte for byte. Line breaks in quotes do not end a row.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from runner.errors import UserError
from runner.worker.tables.cells import cells_up_to
from runner.worker.tables.texts import Delimited

_DELIMITED, _LINES = {".csv": None, ".tsv": "\t"}, (".jsonl", ".ndjson")
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16
_LONGEST_CELL = min(sys.maxsize, (1 << 31) - 1)


class Rows(NamedTuple):
    """The content of a piece, and how many rows it has."""

    content: bytes
    number: int


def delimiter_of(path: Path) -> str | None:
    """Return the delimiter of a table, or None for JSON lines."""
    if path.suffix.lower() in _LINES:
        return None
    return _DELIMITED.get(path.suffix.lower()) or Delimited(str(path), {}).delimiter()


def check_table(path: Path) -> None:
    """Refuse a file that cannot be divided into rows.

    Raises
    ------
    UserError
        If it cannot be read, is neither CSV, TSV nor JSON lines, or is encoded as UTF-16.
    """
    if path.suffix.lower() not in (*_DELIMITED, *_LINES):
        raise UserError(
            f"{path.name} cannot be divided into rows: it is not CSV, TSV or JSON lines",
            "Write the table as .csv or .jsonl in the step before, or divide by files",
        )
    try:
        with path.open("rb") as file:
            begin = file.read(2)
    except OSError as error:
        raise UserError(f"{path} cannot be divided into rows: {error.strerror}") from None
    if begin in _WIDE:
        raise UserError(f"{path.name} cannot be divided into rows: it is UTF-16", "Save it as UTF-8")


def pieces_of(path: Path, size: int) -> Iterator[Rows]:
    """Yield the pieces of a table.

    Parameters
    ----------
    size : int
        The number of rows of each piece but the last.

    Raises
    ------
    UserError
        If `check_table` refuses the file, or a record cannot be parsed.
    """
    check_table(path)
    delimiter = delimiter_of(path)
    with path.open("rb") as file:
        rows = _lines(file) if delimiter is None else _records(path, file, delimiter)
        header = b"" if delimiter is None else next(rows, b"")
        block: list[bytes] = []
        for row in rows:
            block.append(row)
            if len(block) == size:
                yield Rows(header + b"".join(block), size)
                block = []
        if block:
            yield Rows(header + b"".join(block), len(block))


def header_of(file: BinaryIO, path: Path) -> bytes:
    """Return the first record of an open CSV or TSV file, with the empty lines before it."""
    return next(_records(path, file, delimiter_of(path) or ","), b"")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (_ended(line) for line in file if line.strip())


def _records(path: Path, file: BinaryIO, delimiter: str) -> Iterator[bytes]:
    """Yield the records of a delimited file as they are written, without empty lines between them."""
    taken: list[bytes] = []

    def lines() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line.decode("latin-1")  # delimiters and quotes are ASCII, also in UTF-8

    with cells_up_to(_LONGEST_CELL):
        reader = csv.reader(lines(), delimiter=delimiter)
        try:
            for row in reader:
                if row:
                    yield _ended(b"".join(taken))
                taken.clear()
        except csv.Error as error:
            raise UserError(f"{path.name} cannot be divided into rows: line {reader.line_num}: {error}") from None


def _ended(record: bytes) -> bytes:
    return record if record.endswith(b"\n") else record + b"\n"
