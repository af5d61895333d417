"""The parts of a run's page that read what a script wrote: any content is shown harmlessly."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.execution.metrics import KINDS
from runner.studio.pages.compare.code import _is_same
from runner.studio.pages.run import log
from runner.studio.pages.run.charts import chart
from runner.studio.pages.run.preview import preview
from runner.studio.pages.run.view import blocks

SUFFIXES = ("csv", "tsv", "json", "ipynb", "svg", "txt", "png", "csv.gz", "html")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["data", "matrix", "class_labels", "probability_tables", "probability_thresholds", "bin_edges",
                         "bin_counts", "cells", "source", "outputs"]), inner, max_size=4),
)  # fmt: skip


def lines_of(content: bytes) -> list[str]:
    return [line.decode("utf-8", "replace").removesuffix("\r") for line in content.removesuffix(b"\n").split(b"\n")]


def opened(content: bytes) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.flush()
    return file


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=40), st.booleans())
def test_windows_have_every_line_once(parts: list[bytes], forwards: bool) -> None:
    content = b"\n".join(part.replace(b"\n", b" ") for part in parts) + b"\n"
    with opened(content) as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "WINDOW", 128)
        read: list[str] = []
        at = 0 if forwards else len(content)
        while at < len(content) if forwards else at > 0:
            window = log.after(file, at) if forwards else log.before(file, at)
            texts = [text for _, text in window["lines"]]
            read = read + texts if forwards else texts + read
            at = window["end"] if forwards else window["start"]
    assert read == lines_of(content)


@given(st.text("ab\n", max_size=80), st.text("aAb", min_size=1, max_size=3), st.integers(0, 80), st.booleans())
def test_a_text_is_found_as_in_memory(content: str, text: str, position: int, back: bool) -> None:
    with opened(content.encode()) as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_SEARCHED", 7)
        hit = log.find(file, text, position, backwards=back)
    wanted = text.lower()
    limit = position + len(wanted) - 1
    at = content.rfind(wanted, 0, limit) if back else content.find(wanted, position)
    assert hit == (None if at < 0 else at)


@given(st.binary(max_size=300), st.sampled_from(SUFFIXES))
def test_any_file_has_a_preview(content: bytes, suffix: str) -> None:
    result = preview(io.BytesIO(content), f"file.{suffix}", len(content))
    assert result.kind in ("text", "table", "picture", "drawing", "notebook", "nothing")


def test_a_bomb_named_csv_stays_small() -> None:
    content = b"1," * (4 << 20)
    result = preview(io.BytesIO(content), "bomb.csv", len(content))
    assert sum(map(len, result.columns)) < 1000
    assert "60 of" in result.note


@settings(max_examples=40)
@given(st.sampled_from([*KINDS, "unknown"]), JSON)
def test_any_chart_is_drawn_or_is_text(kind: str, value: Any) -> None:
    result = chart(kind, value)
    assert result is None or result["kind"] == kind


def test_a_confusion_matrix_is_normalised_by_row() -> None:
    result = chart("confusion_matrix", {"data": {"class_labels": ["a", "b"], "matrix": [[3, 1], [0, 0]]}})
    assert result is not None
    assert result["shares"] == [[0.75, 0.25], [0.0, 0.0]]


def test_an_accuracy_table_gives_curves() -> None:
    table = [[10, 10, 0, 0], [8, 2, 8, 2], [0, 0, 10, 10]]
    data = {"class_labels": ["yes"], "probability_tables": [table], "probability_thresholds": [0.0, 0.5, 1.0]}
    result = chart("accuracy_table", {"data": data})
    assert result is not None
    curves = result["classes"][0]
    assert curves["roc"] == [[0.0, 0.0], [0.2, 0.8], [1.0, 1.0]]
    assert curves["auc"] == pytest.approx(0.8)
    assert curves["precision_recall"] == [[0.8, 0.8], [1.0, 0.5]]
    assert curves["lift"] == [[0.5, 1.6], [1.0, 1.0]]
    assert curves["calibration"] == [[0.25, 0.2, 10], [0.75, 0.8, 10]]


def test_percentiles_of_confidences_give_curves_but_no_calibration() -> None:
    table = [[10, 10, 0, 0], [8, 2, 8, 2], [0, 0, 10, 10]]
    data = {"class_labels": ["yes"], "percentile_tables": [table], "percentile_thresholds": [0.0, 0.5, 1.0]}
    result = chart("accuracy_table", {"data": data})
    assert result is not None
    curves = result["classes"][0]
    assert curves["roc"] == [[0.0, 0.0], [0.2, 0.8], [1.0, 1.0]] and curves["calibration"] == []


def test_an_empty_bin_of_predictions_is_left_out() -> None:
    data = {"bin_edges": [0, 1, 2, 3], "bin_counts": [1, 0, 2], "bin_averages": [0.4, "NaN", 2.5],
            "bin_errors": [None, "NaN", 0.1]}  # fmt: skip
    result = chart("predictions", {"data": data})
    assert result is not None and result["points"] == [[0.5, 0.4, 0.0], [2.5, 2.5, 0.1]]
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("value", ["NaN", float("inf")])
def test_a_chart_that_json_cannot_hold_is_text(value: Any) -> None:
    assert chart("residuals", {"data": {"bin_edges": [0, 1, 2], "bin_counts": [1, value]}}) is None


def test_a_file_that_grows_is_sent_up_to_its_announced_size() -> None:
    file = io.BytesIO(b"begin and more")
    assert b"".join(blocks(file, 5)) == b"begin" and list(blocks(io.BytesIO(b"cut"), 9)) == [b"cut"]


def test_a_parquet_value_that_python_cannot_hold_is_named(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "far.parquet"
    parquet.write_table(arrow.table({"at": arrow.array([10**15], arrow.timestamp("s"))}), path)
    with path.open("rb") as file:
        result = preview(file, path.name, path.stat().st_size)
    assert result.kind == "nothing" and result.note.startswith("This file cannot be read as Parquet: ")


def test_a_file_that_was_removed_from_a_snapshot_is_not_the_same(tmp_path: Path) -> None:
    assert not _is_same(tmp_path / "one", tmp_path / "other")
