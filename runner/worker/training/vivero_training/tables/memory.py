"""Says how much memory a training on a large table needs, before the table is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_LARGE = 100 << 20  # bytes of a file; smaller ones fit into any machine
_SAMPLE = 2000  # rows
_BEGINNING = 1 << 20  # bytes whose lines are counted
_TABLES = 8  # that a training holds at its peak: the splits, a fold, what preprocessing makes of it
_GROUP = Path("/sys/fs/cgroup")  # of a container
_GB = 1e9


def memory_line(path: Path) -> str | None:
    """Return a line about the memory that a table needs, None for a small one or an unknown format."""
    if path.stat().st_size < _LARGE:
        return None
    found = _size(path)
    if found is None:
        return None
    rows, table = found
    free, needed = _free(), table * _TABLES
    text = f"about {rows:,} rows, {table / _GB:.1f} GB as a table, up to {needed / _GB:.1f} GB while training"
    if free is None:
        return f"Memory: {text}"
    lead = "Memory" if needed <= free else "warning: The memory may not be enough"
    return f"{lead}: {text}; {free / _GB:.1f} GB are free"


def _size(path: Path) -> tuple[int, float] | None:
    """Return about how many rows a file has, and how many bytes they take as a table."""
    sample = _SAMPLES.get(path.suffix.lower())
    found = sample(path) if sample is not None else None
    if found is None:
        return None
    rows, head = found
    return rows, float(head.memory_usage(deep=True).sum()) / max(1, len(head)) * rows


def _csv(path: Path) -> tuple[int, Any]:
    import pandas

    return _lines(path), pandas.read_csv(path, nrows=_SAMPLE, sep="\t" if path.suffix.lower() == ".tsv" else ",")


def _json_lines(path: Path) -> tuple[int, Any]:
    import pandas

    return _lines(path), pandas.read_json(path, lines=True, nrows=_SAMPLE)


def _parquet(path: Path) -> tuple[int, Any] | None:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:  # pandas reads the file with another library
        return None
    with ParquetFile(path) as file:
        return file.metadata.num_rows, next(file.iter_batches(batch_size=_SAMPLE)).to_pandas()


_SAMPLES: dict[str, Callable[[Path], tuple[int, Any] | None]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}


def _lines(path: Path) -> int:
    """Return about how many lines a file has, by those at its beginning."""
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    return int(path.stat().st_size / len(beginning) * max(1, beginning.count(b"\n")))


def _free() -> float | None:
    """Return the bytes that this process can still take, None where the system does not say."""
    return min(_limits(), default=None)


def _limits() -> Iterator[float]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        yield next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        yield float((_GROUP / "memory.max").read_text()) - float((_GROUP / "memory.current").read_text())
    except (OSError, ValueError, StopIteration):  # "max" is no limit
        return
