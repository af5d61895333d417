"""Reads and writes files of rows in chunks: CSV, JSON lines, Parquet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from runner.errors import UserError
from serving.data.rows import Rows
from serving.dataplane.memory import at_most
from serving.dataplane.outputs import dumps
from serving.errors import count

KINDS = (".csv", ".jsonl", ".parquet")
# Limit in bytes of a row, and of a chunk without its last row, so that a file without line ends does not fill memory.
MOST_BYTES = 32 << 20
UNPACKED = 1 << 30  # bytes of memory for a chunk of Parquet, because a small file may unpack to any size
MOST_COLUMNS = 100_000  # columns of a Parquet file, because each takes memory before the first row
_CELLS = 8_000_000  # cells of a chunk of Parquet, because each is a Python object


def check_kind(path: Path) -> str:
    """Return the kind of a file by its extension.

    Raises
    ------
    UserError
        If it is not one of `KINDS`.
    """
    if path.suffix not in KINDS:
        raise UserError(f"{path.name} must end in {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    return path.suffix


def read_chunks(path: Path, size: int) -> Iterator[tuple[Rows, int]]:
    """Yield chunks of at most `size` rows, fewer if they are long, with the number of bytes read so far.

    Raises
    ------
    UserError
        If the file is not valid. The message names the line.
    """
    kind = check_kind(path)
    if kind == ".parquet":
        yield from _read_parquet(path, size)
        return
    reader = _read_csv if kind == ".csv" else _read_lines
    chunk: list[Any] = []
    columns: list[str] | None = None
    with path.open("rb") as raw:
        lines, begun = _Lines(raw, path), 0
        for columns, row in reader(lines, path):
            chunk.append(row)
            if len(chunk) == size or lines.read - begun > MOST_BYTES:
                yield Rows(chunk, columns, texts=kind == ".csv"), lines.read
                chunk, begun = [], lines.read
        if chunk:
            yield Rows(chunk, columns, texts=kind == ".csv"), lines.read


class _Lines:
    """The lines of a file. A line longer than `MOST_BYTES` is an error. `number` and `read` count lines and bytes."""

    def __init__(self, raw: Any, path: Path) -> None:
        self._raw, self._path = raw, path
        self.number = self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line: bytes = self._raw.readline(MOST_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.read += len(line)
        if len(line) > MOST_BYTES:
            raise _too_long(self._path, self.number)
        return line


def _too_long(path: Path, number: int) -> UserError:
    return UserError(
        f"{path.name}, line {number}: the row is longer than {MOST_BYTES >> 20} MB", "Is a quote not closed?"
    )


class _Texts:
    """The lines of a CSV file as texts. Quotes may join lines into one row, whose size is limited."""

    def __init__(self, lines: _Lines, path: Path) -> None:
        self._lines, self._path = lines, path
        self.row = 0  # bytes read since the end of the last row

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.row += len(line)
        if self.row > MOST_BYTES:
            raise _too_long(self._path, self._lines.number)
        return line.decode("utf-8-sig" if self._lines.number == 1 else "utf-8")


def _read_csv(raw_lines: _Lines, path: Path) -> Iterator[tuple[list[str], Any]]:
    lines = _Texts(raw_lines, path)
    try:
        reader = csv.reader(lines)
        columns = next(reader, None)
        if columns is None:
            raise UserError(f"{path.name} is empty")
        if not columns:
            raise UserError(f"{path.name}, line 1 is empty", "Begin the file with a line of column names")
        lines.row = 0
        for row in reader:
            lines.row = 0
            if row and len(row) != len(columns):
                values = f"{count(len(row), 'value')}, but the header has {len(columns)}"
                raise UserError(
                    f"{path.name}, line {reader.line_num} has {values}",
                    header_problem(columns),
                )
            if row:
                yield columns, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path.name} is not valid CSV: {error}") from None


def header_problem(columns: Sequence[str]) -> str:
    """Return a hint for a CSV's first line: another separator, or no names. Empty if it looks right."""
    for separator, name in ((";", "';'"), ("\t", "a tab")):
        if separator in columns[0]:
            return f"Its values seem to be separated by {name}. Use ','"
    if all(map(_is_number, columns)) and list(columns) != [str(at) for at in range(len(columns))]:
        return "Its first line seems to be values: begin the file with a line of column names"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_lines(lines: _Lines, path: Path) -> Iterator[tuple[None, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield None, json.loads(line)
            except RecursionError:
                raise UserError(f"{path.name}, line {number}: the values are nested too deeply") from None
            except ValueError as error:
                raise UserError(f"{path.name}, line {number} is not valid JSON ({error})") from None


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise UserError(
            "Parquet needs pyarrow in the model's environment",
            "Add it to the environment's packages, or use CSV or JSONL",
        ) from None
    pyarrow.allocate_buffer(1)  # an allocator that reserves a gigabyte at once does so now, before the limit applies
    return pyarrow


def _read_parquet(path: Path, size: int) -> Iterator[tuple[Rows, int]]:
    pyarrow = _parquet()
    with _unpacking(path, pyarrow):
        file = pyarrow.parquet.ParquetFile(path)
    width = file.metadata.num_columns
    if width > MOST_COLUMNS:
        raise UserError(f"{path.name} has {width} columns. {MOST_COLUMNS} are allowed")
    total, done = max(file.metadata.num_rows, 1), 0
    batches = file.iter_batches(batch_size=max(1, min(size, _CELLS // max(width, 1))), use_threads=False)
    while True:
        with _unpacking(path, pyarrow):
            batch = next(batches, None)
            if batch is None:
                return
            rows = [list(row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
        done += batch.num_rows
        yield Rows(rows, list(batch.schema.names)), int(path.stat().st_size * done / total)


@contextlib.contextmanager
def _unpacking(path: Path, pyarrow: Any) -> Iterator[None]:
    """Limit the memory of the block to that of a chunk.

    A file's own sizes may be wrong, and a value that it stores once may occur in each row.
    """
    try:
        with at_most(UNPACKED):
            yield
    except MemoryError:  # pyarrow's own error is a subclass
        raise UserError(
            f"{path.name} unpacks to more than {UNPACKED >> 20} MB at a time", "Read fewer rows at a time: --chunk 100"
        ) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(f"{path.name} is not a Parquet file, or is damaged: {error}")


def write_part(path: Path, kind: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Write the predictions of one chunk. A CSV part has no header."""
    if kind == ".parquet":
        pyarrow = _parquet()
        values = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
        pyarrow.parquet.write_table(pyarrow.table(values), path)
    elif kind == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                ["" if value is None else repr(value) if isinstance(value, float) else value for value in row]
                for row in rows
            )
    else:
        path.write_bytes(b"".join(dumps(dict(zip(columns, row, strict=True))) + b"\n" for row in rows))


def join_parts(parts: list[Path], target: Path, kind: str, columns: list[str]) -> None:
    """Join the parts into one file. Write the header of a CSV first."""
    if kind == ".parquet":
        parquet = _parquet().parquet
        with parquet.ParquetWriter(target, parquet.read_schema(parts[0])) as writer:
            for part in parts:
                writer.write_table(parquet.read_table(part))
        return
    with target.open("wb") as file:
        if kind == ".csv":
            header = io.StringIO(newline="")
            csv.writer(header).writerow(columns)
            file.write(header.getvalue().encode())
        for part in parts:
            file.write(part.read_bytes())
