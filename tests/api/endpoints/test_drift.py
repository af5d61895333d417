"""How logged inputs are read and compared."""

import json
import random
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.api.endpoints.drift import drift_of, rows_of

CELLS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(CELLS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
NAMES = ["a", "b"]


def write(path: Path, requests: list[Any]) -> Path:
    path.write_text(
        "".join(json.dumps({"time": "2026-12-01T00:00:00Z", "request": request}) + "\n" for request in requests)
    )
    return path


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_every_form_of_a_request_gives_the_same_rows(values: list[tuple[Any, Any]]) -> None:
    lists, records = [list(row) for row in values], [dict(zip(NAMES, row, strict=True)) for row in values]
    for request in (
        {"data": records},
        {"data": lists, "columns": NAMES},
        {"instances": records},
        {"dataframe_records": records},
        {"dataframe_split": {"columns": NAMES, "data": lists}},
        {"input_data": {"columns": NAMES, "index": [0], "data": lists}},
        {"Inputs": {"data": records}},
        {
            "inputs": [
                {"name": n, "shape": [len(lists)], "data": [row[at] for row in lists]} for at, n in enumerate(NAMES)
            ]
        },
    ):
        assert list(rows_of(request)) == records
    flat = [cell for row in lists for cell in row]
    for data in (flat, lists):
        assert list(rows_of({"inputs": [{"name": "x", "shape": [len(lists), 2], "data": data}]})) == [
            {"0": first, "1": second} for first, second in values
        ]


@given(JSON)
def test_whatever_was_sent_is_read_or_left_out(request: Any) -> None:
    for sent in (request, {"data": request}, {"inputs": request}, {"dataframe_split": request}):
        assert all(isinstance(row, dict) for row in rows_of(sent))


@given(st.lists(CELLS, min_size=40, max_size=120))
def test_shares_add_up_whatever_the_cells_are(values: list[Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        drift = drift_of(write(Path(folder, "p.jsonl"), [{"data": [{"x": value}]} for value in values]))
    (column,) = drift.columns
    assert abs(sum(column.before) - 1) < 1e-9 and abs(sum(column.after) - 1) < 1e-9 and column.index >= 0


def test_a_column_that_moved_comes_first(tmp_path: Path) -> None:
    draw = random.Random(0)
    early = [{"data": [[draw.gauss(0, 1), draw.gauss(0, 1)]]} for _ in range(300)]
    late = [{"data": [[draw.gauss(0, 1), draw.gauss(3, 1)]]} for _ in range(300)]
    drift = drift_of(write(tmp_path / "payloads.jsonl", early + late))
    assert [column.name for column in drift.columns] == ["1", "0"]
    assert drift.columns[0].index > 0.25 and drift.columns[1].index < 0.25
    assert (drift.before, drift.after) == (300, 300)


def test_few_rows_no_file_and_broken_lines(tmp_path: Path) -> None:
    assert not drift_of(tmp_path / "none.jsonl").enough
    path = write(tmp_path / "payloads.jsonl", [{"data": [[1]]}] * 10 + [[]])
    path.write_text(path.read_text() + '{broken\n{"time": "<b>", "request": {"data": [[1]]}}\n')
    drift = drift_of(path)
    assert not drift.enough and drift.before + drift.after == 10 and drift.unread == 3


def test_a_large_enough_example_stands_for_the_training(tmp_path: Path) -> None:
    draw = random.Random(0)
    trained = [{"a": draw.gauss(0, 1), "b": draw.gauss(0, 1)} for _ in range(200)]
    log = write(tmp_path / "p.jsonl", [{"data": [{"a": draw.gauss(0, 1), "b": draw.gauss(3, 1)}]} for _ in range(200)])
    records = [[row["a"], row["b"]] for row in trained]
    for example in (
        {"data": trained}, {"dataframe_split": {"columns": NAMES, "data": records}}, {"columns": NAMES, "data": records}
    ):  # fmt: skip
        drift = drift_of(log, example)
        assert drift.from_example and (drift.before, drift.after) == (200, 200)
        assert [column.name for column in drift.columns] == ["b", "a"] and drift.columns[0].index > 0.25
    assert drift_of(log).columns[0].index < 0.25  # the logged rows alone do not show it


def test_an_example_that_says_too_little_is_not_used(tmp_path: Path) -> None:
    log = write(tmp_path / "p.jsonl", [{"data": [{"a": 1}]}] * 60)
    for example in (None, {"data": [{"a": 1}] * 39}, {"data": [{"c": 1}] * 60}, {"data": [[1]] * 60}, "text", [1, 2]):
        drift = drift_of(log, example)
        assert not drift.from_example and (drift.before, drift.after) == (30, 30)
