"""Files that are scored and mean harm, or are broken: one line, in little memory; what is right stays exact."""

import csv
import json
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from runner.errors import UserError
from runner.layout import Layout
from serving.data.tables import join_parts, read_chunks, write_part
from tests.support.command_line import ROOT, CommandLine

FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "plain"]
TEXTS = {
    "a quote that is not closed": (".csv", b'0,1\n1,"2\n' + b"5,6\n" * 100_000, "field larger than field limit"),
    "one quote": (".csv", b'"', ""),
    "zeros": (".csv", b"0,1\n1,\0\n", ""),
    "another encoding": (".csv", "0,1\n1,2\n".encode("utf-16"), "is not valid CSV"),
    "carriage returns": (".csv", b"0,1\r1,2\r", "is not valid CSV"),
    "nothing": (".csv", b"", "is empty"),
    "an empty header": (".csv", b"\n1,2\n", "line 1 is empty. Begin the file with a line of column names"),
    "deep lists": (".jsonl", b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "deep mappings": (".jsonl", b'{"a":' * 100_000, "nested too deeply"),
    "a long number": (".jsonl", b"[" + b"9" * 100_000 + b"]", "not valid JSON"),
    "a footer that is too long": (".parquet", b"PAR1" + b"x" * 99 + struct.pack("<I", 2**31 - 1) + b"PAR1", "damaged"),
    "a footer of nothing": (".parquet", b"PAR1" + b"\xff" * 64 + struct.pack("<I", 32) + b"PAR1", "damaged"),
    "no footer": (".parquet", b"PAR1", "damaged"),
}


def outcome(path: Path) -> str:
    """Return the line that is told of a file, nothing if all of it can be read."""
    try:
        for _ in read_chunks(path, 1000):
            pass
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", TEXTS)
def test_a_broken_file_is_told_in_one_line(case: str, tmp_path: Path) -> None:
    kind, content, line = TEXTS[case]
    if kind == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"rows{kind}"
    path.write_bytes(content)
    message = outcome(path)
    assert line in message
    assert "\n" not in message


@given(st.binary(max_size=200), st.sampled_from([".csv", ".jsonl"]))
def test_any_bytes_are_read_or_told(tmp_path_factory: Any, content: bytes, kind: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{kind}"
    path.write_bytes(content)
    assert "\n" not in outcome(path)


@pytest.mark.parametrize("at", range(0, 700, 50))
def test_a_damaged_parquet_file_is_read_or_told(at: int, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    parquet.write_table(pytest.importorskip("pyarrow").table({"a": list(range(100)), "b": ["x"] * 100}), path)
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 0xFF
    path.write_bytes(content)
    assert "\n" not in outcome(path)


LONG = {
    "a line": (b"0,1,2,3\n", b"\0", 1 << 30),
    "a header": (b"", b"\0", 1 << 30),
    "a row of quoted lines": (b"0,1,2,3\n", b'"a\n",', 2 << 20),
}


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
@pytest.mark.parametrize("case", LONG)
def test_a_long_row_is_not_taken_into_memory(
    case: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, filling, size = LONG[case]
    monkeypatch.setattr("serving.data.tables.MOST_BYTES", 1 << 20)
    path = tmp_path / f"rows{kind}"
    with path.open("wb") as file:
        file.write(b"[1,2,3,4]\n" if kind == ".jsonl" else start)
        if filling == b"\0":
            file.truncate(size)
        else:
            file.write(filling * (size // len(filling)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = outcome(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert "longer than 1 MB" in message or "not valid JSON" in message
    assert grown < 200_000  # KB; all of it would take 2,000,000


READ = """
import resource, sys
from pathlib import Path
import pyarrow.parquet
from serving.data import tables
path, size, tables.UNPACKED, tables.MOST_COLUMNS = Path(sys.argv[1]), *map(int, sys.argv[2:])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print("read", sum(len(rows) for rows, _ in tables.read_chunks(path, size)))
except tables.UserError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def read_apart(path: Path, size: int = 10_000, most: int = 150 << 20, columns: int = 20_000) -> tuple[str, int]:
    """Read a file in a process of its own; return what it says, and the KB that its memory grew by."""
    words = [str(value) for value in (path, size, most, columns)]
    variables = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # as `vivero score` starts it
    done = subprocess.run(
        [sys.executable, "-c", READ, *words], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    said, grown = done.stdout.splitlines()
    return said, int(grown)


def write_bomb(case: str, path: Path) -> None:
    """Write a small file that unpacks to half a gigabyte or more."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    more: dict[str, Any] = {}
    if case in ("one text for all rows", "one category for all rows"):
        table = arrow.table({"a": arrow.DictionaryArray.from_arrays(np.zeros(2000, "int32"), ["x" * 1_000_000])})
        more = {"store_schema": case == "one category for all rows"}
    elif case == "one long text":
        table, more = arrow.table({"a": ["x" * 250_000_000]}), {"compression": "zstd", "use_dictionary": False}
    elif case == "a long dictionary":
        table = arrow.table({"a": [f"{number:05000d}" for number in range(60_000)]})
        more = {"compression": "zstd", "dictionary_pagesize_limit": 1 << 30}
    elif case == "one long list":
        inner = arrow.nulls(100_000_000, arrow.bool_())
        table = arrow.table({"a": arrow.ListArray.from_arrays([0, len(inner)], inner)})
    else:
        table = arrow.table(dict.fromkeys(map(str, range(10_000)), np.ones(2000, "int8")))
    parquet.write_table(table, path, **more)


@pytest.mark.parametrize(
    "case",
    ["one text for all rows", "one category for all rows", "one long text", "a long dictionary", "one long list"],
)
def test_a_file_that_unpacks_to_gigabytes_is_told(case: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_bomb(case, path)
    assert path.stat().st_size < 3_000_000
    message, grown = read_apart(path)
    assert message.startswith("rows.parquet unpacks to more than 150 MB at a time. Read fewer rows at a time: --chunk")
    assert grown < 200_000


def test_scoring_it_ends_in_one_line(command_line: CommandLine, layout: Layout, register: Any) -> None:
    register("iris", LogisticRegression().fit([[0], [1]], ["a", "b"]))
    write_bomb("one text for all rows", command_line.folder / "rows.parquet")
    words = ("--input", "rows.parquet", "--output", "out.csv", "--workspace", str(layout.root))
    done = command_line.vivero("score", "iris", *words)
    assert done.returncode == 1 and "rows.parquet unpacks to more than 1024 MB at a time" in done.stderr
    assert done.stderr.count("\n") == 1


def test_fewer_rows_at_a_time_can_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_bomb("one text for all rows", path)
    assert read_apart(path, size=10)[0] == "read 2000"


def test_many_columns_come_in_fewer_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_bomb("many columns", path)
    message, grown = read_apart(path, most=1 << 30)
    assert message == "read 2000" and grown < 400_000
    assert read_apart(path, columns=9999)[0] == "rows.parquet has 10000 columns. 9999 are allowed"


def test_long_rows_come_fewer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.data.tables.MOST_BYTES", 1000)
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps([number] * 100) for number in range(50)]
    path.write_text("\n".join(lines))
    chunks = list(read_chunks(path, 20))
    assert [row for rows, _ in chunks for row in rows.values] == [json.loads(line) for line in lines]
    assert all(len(rows) < 5 for rows, _ in chunks) and chunks[-1][1] == path.stat().st_size


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file(kind: str, command_line: CommandLine, layout: Layout, register: Any) -> None:
    register("iris", LogisticRegression().fit([[0], [1]], ["a", "b"]))
    path = command_line.folder / "rows.csv"
    (os.mkfifo if kind == "pipe" else os.mkdir)(path)
    done = command_line.vivero(
        "score", "iris", "--input", "rows.csv", "--output", "out.csv", "--workspace", str(layout.root)
    )
    assert (done.returncode, done.stderr) == (1, f"error: --input: {path} does not exist\n")


def test_labels_that_a_spreadsheet_would_compute_stay_exact(
    command_line: CommandLine, layout: Layout, register: Any
) -> None:
    """A file of answers is data: who imports it into a spreadsheet says that the column is text. See SECURITY.md."""
    rows = [[float(number)] for number in range(len(FORMULAS))]
    register("iris", LogisticRegression(C=1e6, max_iter=5000).fit(rows, np.array(FORMULAS)))
    with (command_line.folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["0", "=id"], *([row[0], text] for row, text in zip(rows, FORMULAS, strict=True))])
    words = ("--input", "rows.csv", "--keep", "=id", "--workspace", str(layout.root))
    done = [command_line.vivero("score", "iris", *words, "--output", f"out{kind}") for kind in (".csv", ".jsonl")]
    assert [process.returncode for process in done] == [0, 0], done[0].stderr
    with (command_line.folder / "out.csv").open(newline="") as file:
        answers = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (command_line.folder / "out.jsonl").read_text().splitlines()]
    assert [answer["=id"] for answer in answers] == [line["=id"] for line in lines] == FORMULAS
    label = next(name for name in lines[0] if name != "=id")
    assert [answer[label] for answer in answers] == [line[label] for line in lines]
    assert {answer[label] for answer in answers} <= set(FORMULAS)


@given(st.lists(st.tuples(st.sampled_from(["=", "+", "-", "@", "\t", "\r", ""]), st.text("a1=,\"' \n")), min_size=1))
def test_any_label_is_written_as_it_is(tmp_path_factory: Any, pairs: list[tuple[str, str]]) -> None:
    labels = ["".join(pair) for pair in pairs]
    part = tmp_path_factory.getbasetemp() / "part.csv"
    target = part.with_name("joined.csv")
    write_part(part, ".csv", ["label", "n"], [[label, 1] for label in labels])
    join_parts([part], target, ".csv", ["label", "n"])
    with target.open(newline="", encoding="utf-8") as file:
        assert [row["label"] for row in csv.DictReader(file)] == labels


def test_no_temporary_folder(command_line: CommandLine, layout: Layout, register: Any, tmp_path: Path) -> None:
    register("iris", LogisticRegression().fit([[0], [1]], ["a", "b"]))
    (command_line.folder / "rows.csv").write_text("0\n1\n")
    (tmp_path / "sitecustomize.py").write_text(
        "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/nothere']\n"
    )
    done = command_line.vivero(
        "score", "iris", "--input", "rows.csv", "--output", "out.csv", "--workspace", str(layout.root),
        variables={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: No temporary folder is writable. ")
    assert done.stderr.count("\n") == 1
