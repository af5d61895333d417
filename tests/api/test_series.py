"""Logged values as arrays."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.api.metrics import curves
from runner.api.metrics.logged import _one_by_one, _Reader, read_metrics
from runner.api.metrics.series import metric_series
from runner.api.tail import last_lines


def line(name: str, value: Any, step: Any = None, kind: str = "scalar") -> str:
    time = "2026-07-01T12:00:00.000000Z"
    return json.dumps({"name": name, "value": value, "step": step, "time": time, "kind": kind}) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_numbers_are_those_of_the_history(path: Path) -> None:
    path.write_text("".join(line("loss", 1 / (at + 1), 2 * at) for at in range(5000)))
    logged, history = read_metrics(path).named["loss"], metric_series(path)["loss"]
    assert list(logged.y) == [entry["value"] for entry in history]
    assert list(logged.x) == [entry["step"] for entry in history]
    assert logged.count == 5000


def test_only_what_was_added_is_read(path: Path) -> None:
    path.write_text(line("loss", 1.0, 0))
    assert len(read_metrics(path).named["loss"].y) == 1
    with path.open("a") as file:
        file.write(line("loss", 2.0, 1) + '{"name": "loss", "val')
    assert list(read_metrics(path).named["loss"].y) == [1.0, 2.0]
    with path.open("a") as file:
        file.write('ue": 3.5}\n')
    assert list(read_metrics(path).named["loss"].y) == [1.0, 2.0, 3.5]


def test_what_was_read_does_not_change_when_more_is_logged(path: Path) -> None:
    path.write_text(line("loss", 1.0, 0) + line("rows", {"a": 1}, kind="row"))
    first = read_metrics(path)
    with path.open("a") as file:
        file.write(line("loss", 2.0, 1) + line("rows", {"a": 2}, kind="row") + line("more", 2.0, 1))
    for found, count, names in ((first, 1, ["loss", "rows"]), (read_metrics(path), 2, ["loss", "rows", "more"])):
        loss, rows = found.named["loss"], found.named["rows"]
        assert list(found.named) == names
        assert (loss.count, len(loss.x), len(loss.y), loss.last) == (count, count, count, float(count))
        assert (rows.count, len(rows.entries)) == (count, count)


def test_a_damaged_line_spoils_no_other(path: Path) -> None:
    path.write_text(line("loss", 1.0) + "{]\n\x00\n[1]\n" + line("loss", 2.0) + '{"name": 5}\n')
    assert list(read_metrics(path).named["loss"].y) == [1.0, 2.0]


def test_kinds_have_their_places(path: Path) -> None:
    path.write_text(
        line("items", 1, kind="list") + line("items", 2, kind="list")
        + line("word", "good") + line("bad", "NaN") + line("huge", 10**30, 5)
        + line("rows", {"a": 1}, kind="row") + line("gone", 1.0) + line("gone", None, kind="moved")
    )  # fmt: skip
    named = read_metrics(path).named
    assert list(named["items"].y) == [1, 2]
    assert (named["word"].last, list(named["word"].y)) == ("good", [])
    assert math.isnan(named["bad"].y[0])
    assert list(named["huge"].y) == [1e30]
    assert named["rows"].entries[0]["value"] == {"a": 1}
    assert "gone" not in named


def test_what_no_page_can_show_is_counted(path: Path) -> None:
    long = line("x" * (9 << 20), 1.0)
    path.write_text("".join(line(f"m{at}", 1.0) for at in range(600)) + line("n" * 500, 1.0) + long + line("m0", 2.0))
    metrics = read_metrics(path)
    assert len(metrics.named) == 500
    assert metrics.left_out == 102
    assert list(metrics.named["m0"].y) == [1.0, 2.0]


def test_over_time(path: Path) -> None:
    path.write_text(line("loss", 1.0, 3))
    assert list(read_metrics(path, "time").named["loss"].x) == [1782907200.0]


def test_no_file_is_no_metric(path: Path) -> None:
    assert read_metrics(path).named == {}


NAMES = st.sampled_from(["loss", "f1", 'a "b"', "\u00e9", "\\"])
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-5, 5), st.sampled_from([10**30, 2**53 + 1, -0.0])
)
ODD_VALUES = st.one_of(NUMBERS, st.text(max_size=3), st.none(), st.booleans(), st.lists(NUMBERS, max_size=2))
STEPS = st.one_of(st.integers(0, 9), st.none(), st.just(2**60))
TIMES = st.sampled_from(["2026-07-01T12:00:00.000000Z", "2026-07-01T12:00:01Z", "2026-13-01T12:00:00Z", "", None])
DAMAGE = st.sampled_from([
    b"", b"{", b"[1, 2]", b"\xff\xfe", b'{"name": "loss"}', b'{"name": "loss", "value": NaN, "step": 1}',
    b'{"name": "loss", "value": 1e400, "step": 1, "kind": "scalar"}', b'[0.5, 3, "kind": "scalar"}',
    b'{"name": "loss", "name": "f1", "value": 1.0, "step": 1, "kind": "scalar"}', b'{"name": "\xff", "value": 1.5}',
    b'{"name": "loss", "value": 01, "step": 1, "kind": "scalar"}', b'{"name": "gone", "value": null, "kind": "moved"}',
    b'{"name": "loss", "value": {"value": 2, "step": 1}, "step": 2, "kind": "scalar"}', b" ", b"\r",
])  # fmt: skip


def encoded(name: str, value: Any, step: Any, time: Any, kind: Any) -> bytes:
    fields = {"name": name, "value": value, "step": step, "time": time, "kind": kind}
    return json.dumps(
        {key: content for key, content in fields.items() if content is not None or key in ("value", "step")}
    ).encode()


@st.composite
def files(draw: Any) -> bytes:
    """Runs of lines of one form, which are read many at a time, with odd ones between and a torn one at the end."""
    lines: list[bytes] = []
    for _ in range(draw(st.integers(0, 4))):
        timed, kind, stepped = draw(st.booleans()), draw(st.sampled_from(["scalar", None])), draw(st.booleans())
        for at in range(draw(st.integers(0, 6))):
            step, time = at if stepped else None, "2026-07-01T12:00:00.25Z" if timed else None
            lines.append(encoded(draw(NAMES), draw(NUMBERS), step, time, kind))
        if draw(st.booleans()):
            lines.append(
                encoded(
                    draw(NAMES),
                    draw(ODD_VALUES),
                    draw(STEPS),
                    draw(TIMES),
                    draw(st.sampled_from(["scalar", "list", "row"])),
                )
            )
        if draw(st.booleans()):
            lines.append(draw(DAMAGE))
    whole = b"".join(line + b"\n" for line in lines)
    content: bytes = whole + draw(
        st.sampled_from([b"", b'{"name": "loss", "val', b'{"name": "loss", "value": 1.0, "step": 1}'])
    )
    return content


def plainly(path: Path, axis: str) -> Any:
    """Return what one line after the other says."""
    reader = _Reader(axis)
    for block in path.read_bytes().splitlines(keepends=True):
        if block.endswith(b"\n"):
            reader._add(_one_by_one(block))
    return reader.metrics.named


def shown(named: Any) -> Any:
    return {
        name: (
            series.kind,
            series.count,
            series.entries,
            repr(series.last),
            [repr(x) for x in series.x],
            [y or 0.0 for y in series.y],
        )
        for name, series in named.items()
    }


@settings(deadline=None, max_examples=300)
@given(files(), st.sampled_from(["step", "time"]), st.integers(1, 400))
def test_many_lines_at_once_say_what_each_says(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, axis: str, size: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "metrics.jsonl"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runner.api.metrics.logged._BLOCK", size)
        metrics = read_metrics(path, axis)
    assert repr(shown(metrics.named)) == repr(shown(plainly(path, axis)))
    history = metric_series(path)
    numbers = {
        name: [entry for entry in entries if entry["kind"] in ("scalar", None)] for name, entries in history.items()
    }
    for name, series in metrics.named.items():
        assert series.count == len(history[name])
        expected = [float(entry["value"]) for entry in numbers[name] if type(entry["value"]) in (int, float)]
        assert not expected or set(expected) <= set(series.y)


def test_a_whole_number_larger_than_any_float(path: Path) -> None:
    path.write_text(line("a", 1.0, 0) + "\n")
    read_metrics(path)
    with path.open("a") as file:
        file.write('{"name": "a", "value": 1' + "0" * 400 + ', "step": 1, "kind": "scalar"}\n')
    assert read_metrics(path).named["a"].y[0] == 1.0


def test_a_curve_that_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_KEPT", 0)
    path.write_text(line("a", 1.5, 0) + "\n")
    assert curves._read(path, "a")[0] == [(0.0, 1.5)]


def test_only_regular_files_have_last_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path, 100) == ""
    os.mkfifo(tmp_path / "pipe")
    assert last_lines(tmp_path / "pipe", 100) == ""
