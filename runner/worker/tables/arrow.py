"""Reads Parquet, and large CSV files several times as fast, if pyarrow is installed."""

from .columns import FALSE, MISSING, TRUE, Column, cells_of
from .texts import MOST_COLUMNS, Delimited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

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
            yield batch
    except (pyarrow.ArrowException, OSError) as error:
        raise NoArrowError(str(error))


def extend(column: Column, values: "Any") -> None:
    """Add the values of a batch to a column."""
    from pyarrow import compute, string, types

    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
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
    texts = [str(one.cast(string()).as_py()) for one in (low, high)]
    if kind == "integer":
        column.extend(kind, low.as_py(), high.as_py(), *texts)
    elif kind == "number":
        column.extend(kind, float(low.as_py()), float(high.as_py()), *texts)
    else:
        column.extend(kind, None, None, *texts)
    if kind in ("integer", "number"):
        _bin(column, values)
    if column.is_counted():
        _count(column, values)


def _bin(column: Column, values: "Any") -> None:
    from pyarrow import compute, float64

    numbers = values.cast(float64(), safe=False)
    numbers = numbers.filter(compute.is_finite(numbers))
    if len(numbers) == 0:
        return
    ends = compute.min_max(numbers)
    width = column.histogram.widen(ends["min"].as_py(), ends["max"].as_py())
    quotients = compute.floor(compute.divide(numbers, width))
    is_tiny = compute.and_(compute.equal(quotients, 0.0), compute.less(numbers, 0.0))
    bins = compute.if_else(is_tiny, -1.0, quotients).value_counts()
    column.histogram.count(zip(bins.field("values").to_pylist(), bins.field("counts").to_pylist()))


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
