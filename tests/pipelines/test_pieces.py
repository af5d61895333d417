"""How tables are cut into pieces, and outputs put together."""

import csv
import io
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.pipeline_settings import StepConfig
from runner.errors import UserError
from runner.layout import Layout
from runner.pipelines.controller.step_run import StepRun
from runner.pipelines.parallel.entry_script import has_entry
from runner.pipelines.parallel.joining import PieceOutputs, join
from runner.pipelines.parallel.pieces import divide
from runner.pipelines.parallel.rows import pieces_of
from runner.pipelines.parallel.settings import Division, read_division
from runner.pipelines.records import StepRecord
from runner.pipelines.why import _changes
from runner.records import RunRecord
from runner.worker.batch import HEADER, RESULTS, _write_line

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=9))


def read(content: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=delimiter))


@given(rows=TABLES, size=st.integers(1, 5), delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]))
def test_the_rows_of_all_pieces_are_those_of_the_table(
    rows: list[list[str]], size: int, delimiter: str, end: str
) -> None:
    width = len(rows[0]) if rows else 2
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    header = [f"column{number}" for number in range(max(2, width))]
    rows = [[*row, *[""] * (len(header) - len(row))] for row in rows]
    table.writerows([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_bytes(text.getvalue().encode("utf-8"))
        pieces = list(pieces_of(path, size))
    assert [piece.number for piece in pieces] == [min(size, len(rows) - at) for at in range(0, len(rows), size)]
    assert all(read(piece.content, delimiter)[0] == header for piece in pieces)
    assert [row for piece in pieces for row in read(piece.content, delimiter)[1:]] == rows


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5])
def test_json_lines(tmp_path: Path, count: int, end: str) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text("\n\n".join(json.dumps({"a": number, "b": "x\ny"}) for number in range(count)) + end)
    pieces = list(pieces_of(path, 2))
    assert [json.loads(line)["a"] for piece in pieces for line in piece.content.splitlines()] == list(range(count))
    assert [piece.number for piece in pieces] == [2] * (count // 2) + [1] * (count % 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.parquet", b"PAR1"), ("a.xlsx", b""), ("a.csv", "a,b\n1,2\n".encode("utf-16")), ("a.csv", b"a,b\rc,d\re\n")],
)
def test_what_has_no_rows_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="cannot be divided into rows"):
        divide(tmp_path / name, Division("table", 2, "rows"), tmp_path / "pieces")


def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("/proc/self/mem")  # which nobody can read from its beginning
    with pytest.raises(UserError, match=r"a\.csv cannot be divided into rows: Input/output error"):
        divide(tmp_path / "a.csv", Division("table", 2, "rows"), tmp_path / "pieces")


def outputs_of(folder: Path, contents: list[bytes | None], name: str, **properties: str) -> list[PieceOutputs]:
    outputs = []
    for number, content in enumerate(contents):
        place = folder / str(number)
        place.mkdir(parents=True)
        if content is not None:
            (place / name).write_bytes(content)
        outputs.append(PieceOutputs(str(number), place, [name] if content is not None else [], dict(properties)))
    return outputs


@pytest.mark.parametrize(
    ("name", "contents", "properties", "joined"),
    [
        ("a.csv", [b"a,b\n1,2\n", b"a,b\n3,4"], {}, b"a,b\n1,2\n3,4\n"),
        ("a.csv", [b"a,b\r\n1,2\r\n", b"a,b\n3,4\n"], {}, b"a,b\r\n1,2\r\n3,4\n"),
        ("a.csv", [b'"a\nb",c\n1,2\n', b'"a\nb",c\n3,4\n'], {}, b'"a\nb",c\n1,2\n3,4\n'),
        ("a.csv", [b"a\n", b"a\n1\n"], {}, b"a\n1\n"),
        ("a.csv", [b"", None, b"a\n1\n"], {}, b"a\n1\n"),
        ("a.csv", [b"0\n", b"0\n"], {HEADER: "0"}, b"0\n0\n"),
        ("a.csv", [b"\n", b"\n"], {RESULTS: "0", HEADER: "1"}, b""),
        ("a.txt", [b"x", b"x\n", b"y"], {}, b"x\nx\ny\n"),
        ("a.jsonl", [b"{}\n", b"{}\n"], {}, b"{}\n{}\n"),
    ],
)
def test_files_are_appended(
    tmp_path: Path, name: str, contents: list[bytes | None], properties: dict[str, str], joined: bytes
) -> None:
    notes = join(outputs_of(tmp_path, contents, name, **properties), name, tmp_path / "out")
    assert (tmp_path / "out" / name).read_bytes() == joined
    assert bool(notes) == (None in contents)


@pytest.mark.parametrize("contents", [[b"a\n1\n", b"b\n1\n"], [None, None]])
def test_files_that_cannot_be_appended(tmp_path: Path, contents: list[bytes | None]) -> None:
    with pytest.raises(UserError):
        join(outputs_of(tmp_path, contents, "a.csv"), "a.csv", tmp_path / "out")


@pytest.mark.parametrize("append_to", [None, "a", "a/b"])
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b/c", "a")])
def test_a_file_and_a_folder_of_one_name_are_refused(
    tmp_path: Path, names: tuple[str, str], append_to: str | None
) -> None:
    pieces = []
    for number, name in enumerate(names):
        path = tmp_path / str(number) / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
        pieces.append(PieceOutputs(str(number), tmp_path / str(number), [name], {}))
    with pytest.raises(UserError, match=r"outputs/a is a file of piece . and a folder of piece ."):
        join(pieces, append_to, tmp_path / "out")


GOOD = {"inputs": "${input:images}"}


@pytest.mark.parametrize(
    ("given", "size", "unit"),
    [
        ("5 files", 5, "files"),
        ("1 file", 1, "files"),
        ("1000 rows", 1000, "rows"),
        (7, 7, "files"),
        ("1row", 1, "rows"),
    ],
)
def test_mini_batches(given: Any, size: int, unit: str) -> None:
    division = read_division("score", StepConfig(parallel={**GOOD, "mini_batch": given}), ["images"])
    assert division == Division("images", size, unit)


@pytest.mark.parametrize(
    "given",
    [
        *(
            {"mini_batch": value}
            for value in (0, -1, True, 1.5, "", "5 pages", "0 rows", "files", [5], None, "1e3 rows")
        ),
        *({"error_threshold": value} for value in (-2, True, 1.5, "1", None)),
        *({"append_to": value} for value in ("", "/x", "../x", "a/../../x", "a/", 5, ["x"], "a\0b")),
        *({"inputs": value} for value in ("", "images", "${input:imges}", "${step:a}", 5, None, "${input:images}/x")),
        {"input": "${input:images}"},
    ],
    ids=str,
)
def test_settings_that_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        read_division("score", StepConfig(parallel={**GOOD, **given}), ["images"])


@pytest.mark.parametrize("other", ["pipeline", "model"])
def test_what_cannot_be_combined(other: str) -> None:
    more: dict[str, Any] = {other: {"name": "x"}}
    with pytest.raises(UserError, match=f"both parallel and {other}"):
        read_division("score", StepConfig(parallel=GOOD, **more), ["images"])


@pytest.mark.parametrize(
    ("script", "called"),
    [
        ("def init(): pass\ndef run(mini_batch): return []\n", True),
        ("def init(): pass\ndef run(files): return []\n", True),
        ("def run(mini_batch): return []\n", True),
        ("def run(arguments): pass\nrun([])\n", False),
        ("def run(): pass\nrun()\n", False),
        ("class A:\n    def run(mini_batch): pass\n", False),
        ("print(1)\n", False),
        ("def run(mini_batch:\n", False),
        ("\0", False),
        ("", False),
    ],
)
def test_which_scripts_are_called_with_a_piece(tmp_path: Path, script: str, called: bool) -> None:
    (tmp_path / "score.py").write_text(script)
    assert has_entry(tmp_path / "score.py") == called


def test_a_result_with_a_line_break_at_its_end_is_one_row() -> None:
    file = io.StringIO(newline="")
    rows = csv.writer(file, lineterminator="\n")
    for text in ("a\n", "b", ""):
        _write_line(file, rows, text)
    assert file.getvalue() == '"a\n"\nb\n\n'


def test_another_division_is_a_reason_to_compute_a_step_again() -> None:
    earlier, now = (StepRecord(name="a", status="completed", parts={"parallel": {"size": n}}) for n in (5, 10))
    assert list(_changes(Layout(Path("unused")), earlier, now)) == ["Parallel setting size was 5 and is 10"]


def test_a_step_that_is_canceled_before_its_run_begins_names_no_run(tmp_path: Path) -> None:
    record = RunRecord(id="x-1", experiment="x", status="preparing", created="2026-01-01T00:00:00.000000Z")
    context = SimpleNamespace(stages=None, compute=None)
    resources: Any = SimpleNamespace(new_run=lambda *_: (record, context), slot=lambda *_: nullcontext(False))
    step: Any = SimpleNamespace(name="a", needs=(), parallel=None, batch=None)
    run = StepRun(step, Layout(tmp_path), "p", {}, resources, lambda _: None)
    plan: Any = None
    assert run._attempt(plan, None, 1).status == "canceled"
    assert run.record.run is None
