"""Reads Parquet, and large CSV files several times as fast, if pyarrow is installed."""

from .columns import FALSE, MISSING, TRUE, Column, cells_of
from .texts import MOST_COLUMNS, Delimited
from .timeline import UNIT, moment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

    from .histogram import Histogram

_ROWS = 1 << 14
_BLOCK = 4 << 20


class NoArrowError(Exception):
    """Pyarrow is not installed, or cannot read this file."""


def _arrow() -> "Any":
    try:
        import pyarrow
    except ImportError:
        raise NoArrowError("pyarrow is not installed")
    pyarrow.set_cpu_count(min(2, pyarrow.cpu_count()))
    return pyarrow


def parquet_batches(path: str) -> "Iterator[Any]":
    """Yield the batches of a Parquet file, at least one.

    Raises
    ------
    NoArrowError
        If pyarrow is not installed.
    ValueError
        If it is not Parquet.
    """
    pyarrow = _arrow()
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names[:MOST_COLUMNS]
        for batch in file.iter_batches(batch_size=max(1, min(_ROWS, 4000000 // max(len(names), 1))), columns=names):
            yield batch
        if file.metadata.num_rows == 0:
            yield pyarrow.RecordBatch.from_arrays(
                [pyarrow.array([], type=field.type) for field in file.schema_arrow], schema=file.schema_arrow
            )
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(str(error))


def csv_batches(path: str, reader: Delimited) -> "Iterator[Any]":
    """Yield the batches of a CSV file in UTF-8 whose columns have one type each.

    Raises
    ------
    NoArrowError
        If pyarrow is not installed or cannot read the file.
    """
    pyarrow = _arrow()
    from pyarrow import csv

    if reader.encoding() not in ("utf-8", "utf-8-sig") or not reader.options.get("header", True):
        raise NoArrowError("it has no header, or is not UTF-8")
    convert = csv.ConvertOptions(
        null_values=list(MISSING), strings_can_be_null=True, true_values=list(TRUE), false_values=list(FALSE)
    )
    parse = csv.ParseOptions(delimiter=reader.delimiter(), newlines_in_values=True)
    try:
        file = csv.open_csv(path, csv.ReadOptions(block_size=_BLOCK), parse, convert)
        if len(file.schema.names) > MOST_COLUMNS:
            raise NoArrowError("it has too many columns")
        for batch in file:
            if any(_is_unread_time(column) for column in batch.columns):
                raise NoArrowError("it has dates or times of several forms")
            yield batch
    except (pyarrow.ArrowException, OSError) as error:
        raise NoArrowError(str(error))


def _is_unread_time(values: "Any") -> bool:
    """Return whether a column of texts begins and ends with a date or time: some have a time zone and others not."""
    from pyarrow import compute, types

    if not types.is_string(values.type):
        return False
    ends = compute.min_max(values).as_py()
    return all(end is not None and moment_of(end) is not None for end in ends.values())


def extend(column: Column, values: "Any") -> None:
    """Add the values of a batch to a column."""
    from pyarrow import compute, float32, float64, string, types

    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if types.is_float16(values.type):  # which pyarrow cannot compute with
        values = values.cast(float32())
    column.missing += values.null_count
    kind = _kind(values.type)
    if types.is_floating(values.type):
        not_numbers = compute.sum(compute.is_nan(values)).as_py() or 0
        column.missing += not_numbers
        if not_numbers:
            values = values.filter(compute.invert(compute.is_nan(values)))
    values = values.drop_null()
    if len(values) == 0:
        return
    if kind == "object":
        column.extend(kind, None, None, "", "")
        column.count(None)
        return
    ends = compute.min_max(values)
    low, high = ends["min"], ends["max"]
    texts = [str(bound.cast(string()).as_py()) for bound in (low, high)]
    if kind == "integer":
        column.extend(kind, low.as_py(), high.as_py(), *texts)
    elif kind == "number":
        column.extend(kind, float(low.as_py()), float(high.as_py()), *texts)
    else:
        column.extend(kind, None, None, *texts)
    if kind in ("integer", "number"):
        _bin(column.histogram, values)
    elif kind in ("date", "time"):
        _bin(column.timeline.bins, compute.divide(_seconds(values).cast(float64()), float(UNIT)))
        column.timeline.zones.add(kind == "time" and values.type.tz is not None)
    if column.is_counted():
        _count(column, values)


def _seconds(values: "Any") -> "Any":
    """Return the seconds since 1970 of dates or times, rounded down."""
    from pyarrow import compute, date32, int32, int64, types

    if types.is_date(values.type):
        return compute.multiply(values.cast(date32()).cast(int32()).cast(int64()), 86400)
    numbers, many = values.cast(int64()), {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    seconds = compute.divide(numbers, many)
    is_above = compute.greater(compute.multiply(seconds, many), numbers)  # a division rounds towards zero
    return compute.if_else(is_above, compute.subtract(seconds, 1), seconds)


def _bin(histogram: "Histogram", values: "Any") -> None:
    from pyarrow import compute, float64

    numbers = values.cast(float64(), safe=False)
    numbers = numbers.filter(compute.is_finite(numbers))
    if len(numbers) == 0:
        return
    ends = compute.min_max(numbers)
    width = histogram.widen(ends["min"].as_py(), ends["max"].as_py())
    quotients = compute.floor(compute.divide(numbers, width))
    is_tiny = compute.and_(compute.equal(quotients, 0.0), compute.less(numbers, 0.0))
    bins = compute.if_else(is_tiny, -1.0, quotients).value_counts()
    histogram.count(zip(bins.field("values").to_pylist(), bins.field("counts").to_pylist()))


def _count(column: Column, values: "Any") -> None:
    from pyarrow import string

    counts = values.value_counts()
    if len(counts) > 4096:
        column.count(None)
        return
    shown = counts.field("values").cast(string()).to_pylist()
    column.count(zip(map(str, shown), counts.field("counts").to_pylist()))


def _kind(kind: "Any") -> str:
    from pyarrow import types

    for name, checks in (
        ("integer", [types.is_integer]),
        ("number", [types.is_floating, types.is_decimal]),
        ("boolean", [types.is_boolean]),
        ("date", [types.is_date]),
        ("time", [types.is_timestamp]),
        ("text", [types.is_string, types.is_large_string, types.is_time]),
    ):
        if any(check(kind) for check in checks):
            return name
    return "object"


def rows_of(batch: "Any") -> "Iterator[Any]":
    """Yield the rows of a batch as texts."""
    columns = [_texts(batch.column(at)) for at in range(batch.num_columns)]
    return (cells_of(row) for row in zip(*columns))


def _texts(values: "Any") -> "Any":
    from pyarrow import ArrowException, string

    try:
        return values.cast(string()).to_pylist()
    except ArrowException:
        return values.to_pylist()
