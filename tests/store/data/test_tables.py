"""Tables are described whatever is in them, and no oddity keeps an asset from being stored."""

import json
import math
import sys
from collections import Counter
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pyarrow import parquet

from runner.layout import Layout
from runner.store.data.records import TableRecord
from runner.store.data.store import DataStore
from runner.store.data.tables import ask, table_files
from runner.worker.tables import arrow
from runner.worker.tables.histogram import Histogram
from runner.worker.tables.table import Table
from runner.worker.tables.texts import Delimited
from runner.worker.tables.timeline import Timeline


def described(tmp_path: Path, content: bytes, name: str = "x.csv") -> TableRecord:
    path = tmp_path / name
    path.write_bytes(content)
    record = DataStore(Layout(tmp_path / "w")).add("x", [path]).record
    assert record.table is not None
    return record.table


def types_of(table: TableRecord) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def test_what_columns_hold(tmp_path: Path) -> None:
    table = described(
        tmp_path,
        b"int,num,bool,date,time,text,none,mixed\n"
        b"1,1.5,true,2020-01-02,2020-01-02 10:00:00,b,,1\n-3,inf,False,2019-12-31,2020-01-02T09:00:00Z,a,NaN,x\n"
        b"1,-2e3,true,NA,,b,null,2\n",
    )
    assert table.rows == 3 and table.notes == ()
    columns = {column.name: column for column in table.columns}
    assert types_of(table) == {
        "int": "integer", "num": "number", "bool": "boolean", "date": "date", "time": "time", "text": "text",
        "none": "empty", "mixed": "text",
    }  # fmt: skip
    assert (columns["int"].min, columns["int"].max, columns["int"].top, columns["int"].top_count) == (-3, 1, "1", 2)
    assert (columns["num"].min, columns["num"].max) == (-2000.0, "inf")
    assert (columns["date"].min, columns["date"].missing) == ("2019-12-31", 1)
    assert (columns["none"].missing, columns["none"].distinct) == (3, 0)
    assert table.head[0] == ("1", "1.5", "true", "2020-01-02", "2020-01-02 10:00:00", "b", "", "1")


ODD: dict[str, tuple[bytes, Any, str]] = {
    "empty": (b"", 0, "empty"),
    "header only": (b"a,b\n", 0, ""),
    "only newlines": (b"\n\n\n", 0, ""),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", 1, ""),
    "utf-16": ("a,b\n1,é\n".encode("utf-16"), 1, ""),
    "semicolons": (b"a;b\n1;2,5\n", 1, ""),
    "tabs": (b"a\tb\n1\t2\n", 1, ""),
    "quotes": (b'a,"b, c"\n"1\n2","x""y"\n', 1, ""),
    "an open quote": (b'a,b\n"1,2\n3,4\n', 1, "fewer cells"),
    "ragged": (b"a,b\n1\n1,2,3\n1,2\n", 3, "2 rows have more or fewer cells than the first one, see line 2"),
    "latin 1": (b"a,b\n\xe9,2\n", 1, "not UTF-8"),
    "nul": (b"a,b\n1\0,2\n", 1, ""),
    "windows lines": (b"a,b\r\n1,2\r\n", 1, ""),
    "old mac lines": (b"a,b\r1,2\r", 1, ""),
    "no last newline": (b"a,b\n1,2", 1, ""),
    "huge integer": (b"a,b\n" + b"9" * 5000 + b",2\n", 1, ""),
    "a long cell": (b"a,b\n" + b"x" * 1_000_000 + b",2\n", 1, ""),
    "a cell that is too long": (b"a,b\n" + b"x" * (17 << 20) + b",2\n", 0, "field larger"),
    "one name twice": (b"a,a\n1,x\n", 1, ""),
    "control characters": (b"a\x1b[2J,b\n\x07,2\n", 1, ""),
    "binary": (bytes(range(256)) * 10, None, ""),
}


@pytest.mark.parametrize("what", ODD)
def test_oddities_are_noted_and_stored(tmp_path: Path, what: str) -> None:
    content, rows, note = ODD[what]
    table = described(tmp_path, content)
    assert rows is None or table.rows == rows, table
    assert (note in " ".join(table.notes)) if note else rows is None or table.notes == (), table.notes
    if rows == 1 and what != "an open quote":
        assert len(table.columns) == 2
    assert json.loads(json.dumps(table.to_json())) is not None


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    table = described(tmp_path, "\n".join([",".join(names), ",".join("1" * 10_000), ""]).encode())
    assert len(table.columns) == 10_000 and table.rows == 1 and {column.type for column in table.columns} == {"integer"}


def test_json_lines(tmp_path: Path) -> None:
    lines = [{"a": 1, "b": "x"}, {"a": 2.5, "c": [1]}, {"a": None, "b": "2020-01-01"}, {"d": True}]
    table = described(tmp_path, "\n".join(map(json.dumps, lines)).encode(), "x.jsonl")
    assert table.rows == 4 and types_of(table) == {"a": "number", "b": "text", "c": "object", "d": "boolean"}
    assert {column.name: column.missing for column in table.columns} == {"a": 2, "b": 2, "c": 3, "d": 3}
    assert table.head[1] == ("2.5", "", "[1]", "")


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b"[" * 100_000, b'{"a": 1e999}', b'{"a": ' + b"9" * 5000 + b"}", b"\xff"]
)
def test_lines_that_are_no_json(tmp_path: Path, line: bytes) -> None:
    table = described(tmp_path, b'{"a": 1}\n' + line + b"\n", "x.jsonl")
    assert table.rows in (1, 2) and (table.rows == 2 or "line 2" in " ".join(table.notes))


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, None], "b": ["x", "y", "x"], "f": [float("nan"), 1.5, 2.5], "l": [[1], None, [2]]})
    parquet.write_table(table, tmp_path / "x.parquet")
    record = described(tmp_path, (tmp_path / "x.parquet").read_bytes(), "y.parquet")
    assert record.rows == 3 and types_of(record) == {"a": "integer", "b": "text", "f": "number", "l": "object"}
    assert {column.name: column.missing for column in record.columns} == {"a": 1, "b": 0, "f": 1, "l": 1}
    broken = described(tmp_path, b"PAR1 nonsense", "z.parquet")
    assert "cannot be read" in broken.notes[0]


def test_parquet_without_pyarrow_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$3" "$4"\n')
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    table = described(tmp_path, b"PAR1", "x.parquet")
    assert table.notes == ("Parquet is read with pyarrow, which is not installed. Install it: pip install pyarrow",)
    assert described(tmp_path, b"a\n1\n").rows == 1


def test_a_process_that_dies_or_hangs_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 100\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setenv("VIVERO_TIMEOUTS", "table=0.2")
    assert "took over" in described(tmp_path, b"a\n1\n").notes[0]
    python.write_text("#!/bin/sh\necho no >&2; exit 3\n")
    assert "ended with 3" in described(tmp_path, b"a\n2\n").notes[0]


MLTABLES = {
    "paths: [{file: ./a.csv}]\ntransformations: [{read_delimited: {delimiter: ';', encoding: utf8}}]": (1, ""),
    "paths: [{pattern: './*.csv'}]\ntransformations: [{read_delimited: {delimiter: ';'}}]": (2, ""),
    "paths: [{folder: ./}]": (2, ""),
    "paths: [{file: ./a.csv}]\ntransformations: [{read_delimited: {delimiter: ';', header: no_header}}]": (2, ""),
    "paths: [{file: ../../etc/passwd}]": (None, "is not in its folder"),
    "paths: [{file: https://example.org/x.csv}]": (None, "is not in its folder"),
    "paths: 3": (None, "has no paths"),
    "[1": (None, "not YAML"),
    "3": (None, "not a mapping"),
    "paths: [1, [], {}]": (None, ""),
}


@pytest.mark.parametrize("text", MLTABLES)
def test_mltables(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.csv").write_text("x;y\n1;2\n")
    (folder / "MLTable").write_text(text)
    record = DataStore(Layout(tmp_path / "w")).add("x", [folder]).record
    rows, note = MLTABLES[text]
    assert record.type == "table" and record.table is not None
    assert record.table.rows == rows and note in " ".join(record.table.notes), record.table


CELLS = some.one_of(
    some.integers(-(10**12), 10**12).map(str), some.sampled_from(["", "NA", "true", "false", "x", "2020-01-01"]),
    some.floats(-1e6, 1e6, allow_nan=False).map(lambda value: repr(round(value, 3))),
)  # fmt: skip


def read_twice(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """Return the columns of a CSV file as plain Python and as pyarrow describe them, None if pyarrow does not."""
    plain, fast = Table(), Table()
    for names, block in Delimited(str(path), {}).blocks():
        plain.add_rows(names, block, typed=False)
    try:
        for batch in arrow.csv_batches(str(path), Delimited(str(path), {})):
            for column, values in zip(fast.columns_of(batch.schema.names), batch.columns, strict=True):
                arrow.extend(column, values)
            fast.took(batch.num_rows)
    except arrow.NoArrowError:
        return None
    kept = ("name", "type", "missing", "min", "max", "distinct", "histogram", "timeline")
    one, other = (
        [{key: column[key] for key in kept} for column in table.described()["columns"]] for table in (plain, fast)
    )
    return one, other


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_pyarrow_and_plain_python_say_the_same(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "both.csv"
    path.write_text("\n".join(",".join(row) for row in [["a", "b", "c"], *rows]) + "\n")
    found = read_twice(path)
    if found is None:
        return
    one, other = found
    mixed = {"text", "number"}
    for left, right in zip(one, other, strict=True):
        assert left["type"] == right["type"] and left["missing"] == right["missing"]
        assert left["histogram"] == right["histogram"]
        if left["type"] not in mixed:
            assert left == right


NUMBERS = some.floats(allow_nan=False, allow_infinity=False) | some.integers(-50, 50).map(float)


@given(some.lists(NUMBERS, min_size=1, max_size=40), some.randoms(use_true_random=False))
def test_a_histogram_counts_each_number_in_its_bin(numbers: list[float], order: Random) -> None:
    histograms = []
    for _ in range(2):
        histogram = Histogram()
        for number in numbers:
            histogram.add(number, 1)
        histograms.append(histogram.described())
        order.shuffle(numbers)
    assert histograms[0] == histograms[1]
    if histograms[0] is None:
        assert len(set(numbers)) == 1
        return
    start, width, counts = histograms[0]["start"], Fraction(histograms[0]["width"]), histograms[0]["counts"]
    first = math.floor(Fraction(start) / width)
    exact = Counter(math.floor(Fraction(number) / width) - first for number in numbers)
    assert counts == [exact[at] for at in range(len(counts))] and 1 <= len(counts) <= 32


@pytest.mark.parametrize("many", [50, 20_000])  # a file that plain Python reads, and a larger one for pyarrow
def test_histograms_and_frequent_values_of_a_file(tmp_path: Path, many: int) -> None:
    rows = "".join(f"{at % 7},{at / many},{'ab'[at % 3 == 0]},{at}{'x' * 400},3\n" for at in range(many))
    table = described(tmp_path, b"day,share,kind,id,same\n" + rows.encode())
    day, share, kind, key, same = table.columns
    assert day.histogram is not None and day.histogram.width == 1
    assert day.histogram.counts == tuple(len(range(number, many, 7)) for number in range(7))
    assert share.histogram is not None and sum(share.histogram.counts) == many and len(share.histogram.counts) >= 16
    thirds = len(range(0, many, 3))
    assert [(frequent.value, frequent.count) for frequent in kind.frequent] == [("a", many - thirds), ("b", thirds)]
    assert len(key.frequent) == (10 if many == 50 else 0) and same.histogram is None


ZONES = ["", "Z", "+02:00", "-0330", "+14", "+25:00"]
TIMES = some.builds(
    "{}{}{}{}{}".format,
    some.dates().map(date.isoformat) | some.sampled_from(["2023-02-29", "0000-01-01", "9999-12-31", "1969-12-31"]),
    some.sampled_from(" T"),
    some.times().map(lambda one: one.isoformat(timespec="seconds"))
    | some.sampled_from(["23", "24:00", "10:61", "1000"]),
    some.sampled_from(["", "", ".5", ".123456789"]),
    some.sampled_from(ZONES),
)
DATES = some.dates().map(date.isoformat)
KINDS = (DATES, TIMES, DATES | TIMES, some.just("2024-02-29"), some.nothing())
MOMENTS = some.sampled_from(KINDS).flatmap(
    lambda cells: some.lists(cells | some.sampled_from(["", "NA"]), min_size=1, max_size=12)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOMENTS)
def test_pyarrow_and_plain_python_count_dates_the_same(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "both.csv"
    path.write_text("when,row\n" + "".join(f"{cell},1\n" for cell in cells))
    found = read_twice(path)
    if found is not None:
        (one, _), (other, _) = found
        assert (one["type"], one["missing"], one["timeline"]) == (other["type"], other["missing"], other["timeline"])


@given(some.lists(some.datetimes(max_value=datetime(9999, 12, 1)), min_size=1, max_size=30), some.booleans())
def test_each_moment_is_between_the_edges_of_its_bin(moments: list[datetime], dates: bool) -> None:
    kind = "date" if dates else "time"
    times = [
        moment.replace(hour=0, minute=0, second=0, microsecond=0) if dates else moment.replace(microsecond=0)
        for moment in moments
    ]
    timeline = Timeline()
    for moment in times:
        timeline.add(moment.date().isoformat() if dates else moment.isoformat(), 1)
    found = timeline.described(kind)
    if found is None:
        assert len(set(times)) == 1
        return
    assert len(found["edges"]) == len(found["counts"]) + 1 <= 33
    edges = [datetime.fromisoformat(edge) for edge in found["edges"]]
    counts = [sum(low <= moment < high for moment in times) for low, high in pairwise(edges)]
    if edges[0] > datetime.min:  # an edge before it cannot be written
        assert counts == found["counts"]
    assert sum(found["counts"]) == len(times)


def test_the_distribution_of_dates(tmp_path: Path) -> None:
    days = "".join(f"2024-01-{day:02},2024-01-01T{day - 1:02}:00:00+01:00,2024-01-01,\n" for day in range(1, 25))
    found = described(tmp_path, b"day,hour,same,none\n" + days.encode())
    day, hour, same, none = (column.timeline for column in found.columns)
    assert day is not None and day.edges[:2] == ("2024-01-01", "2024-01-02") and day.counts == (1,) * 24
    assert hour is not None and hour.edges[:2] == ("2023-12-31T22:30:00Z", "2023-12-31T23:15:00Z")
    assert sum(hour.counts) == 24 and same is None and none is None


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Kathmandu"])
def test_the_distribution_of_dates_in_parquet(tmp_path: Path, unit: str, zone: str | None) -> None:
    times = [datetime(1960, 1, 1, 0, 0, 0, 1), datetime(1960, 1, 1, 12), None, datetime(1959, 12, 31, 23, 59, 59)]
    table = pa.table({
        "when": pa.array(times, pa.timestamp("us")).cast(pa.timestamp(unit, zone), safe=False),
        "far": pa.array([-(10**15), 0, 1, 10**15], pa.timestamp("ms")),
        "none": pa.array([None] * 4, pa.date32()),
        "half": pa.array([1.5, float("nan"), 2.0, None], pa.float16()),
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "x.parquet")
    when, far, none, half = described(tmp_path, (tmp_path / "x.parquet").read_bytes(), "y.parquet").columns
    assert when.timeline is not None and (when.type, when.missing) == ("time", 1)
    mark = "Z" if zone else ""
    assert when.timeline.edges[:2] == (f"1959-12-31T23:15:00{mark}", f"1960-01-01T00:00:00{mark}")
    assert when.timeline.counts[0] == 1 and sum(when.timeline.counts) == 3
    assert (far.type, far.timeline, none.timeline) == ("time", None, None)
    assert (half.type, half.missing, half.min, half.max) == ("number", 2, 1.5, 2.0)


def test_tables_that_cannot_be_compared_say_why(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("no JSON\n")
    files = table_files(path, [path.name])
    answer = ask({"task": "difference", "files": files, "other": files})
    assert answer["notes"][0].startswith("the rows cannot be compared: line 1 is not JSON")
