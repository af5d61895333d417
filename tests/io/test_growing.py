from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.io.growing import GrowingLines
from runner.io.json_records import LARGEST, read_lines
from runner.records import MetricLine

LINES = st.one_of(
    st.builds(lambda name, value: {"name": name, "value": value}, st.text(max_size=5), st.floats(-9, 9)),
    st.sampled_from([7, None, {"value": 1}, ["x"], {"name": 3}]),
)


def names(lines: Any) -> list[Any]:
    return [line["name"] for line in lines]


@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 400), max_size=8))
def test_however_a_file_grows_each_line_is_read_once(lines: list[Any], cuts: list[int]) -> None:
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path = Path("grown.jsonl")
    path.unlink(missing_ok=True)
    growing, read = GrowingLines(path, MetricLine), []
    for end in [*sorted(cuts), len(content)]:
        path.write_bytes(content[:end]) if not path.exists() else _append(path, content[path.stat().st_size : end])
        read += names(growing.added())
    assert read == names(read_lines(path, MetricLine)) and growing.restarts == 0


def _append(path: Path, more: bytes) -> None:
    with path.open("ab") as file:
        file.write(more)


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("growing"))


@pytest.mark.parametrize("how", ["cut", "replaced"])
def test_a_file_that_was_cut_or_replaced_is_read_again(how: str) -> None:
    path = Path("metrics.jsonl")
    path.write_text('{"name": "a"}\n{"name": "b"}\n')
    growing = GrowingLines(path, MetricLine)
    assert names(growing.added()) == ["a", "b"]
    if how == "cut":
        os.truncate(path, len('{"name": "a"}\n'))
        assert names(growing.added()) == ["a"]
    else:
        Path("other").write_text('{"name": "c"}\n{"name": "d"}\n{"name": "e"}\n')
        Path("other").rename(path)
        assert names(growing.added()) == ["c", "d", "e"]
    assert growing.restarts == 1


def test_a_line_that_is_too_long_is_skipped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("long.jsonl")
    long = b'{"name": "' + b"x" * (LARGEST + 10)
    path.write_bytes(long)
    growing = GrowingLines(path, MetricLine)
    assert names(growing.added()) == []
    _append(path, b'"}\n{"name": "after"}\n')
    assert names(growing.added()) == ["after"]
    assert "skipped a line that is too long" in capsys.readouterr().err


@pytest.mark.parametrize("thing", ["fifo", "folder", "link"])
def test_what_is_no_file_has_no_lines(thing: str) -> None:
    path = Path(f"{thing}.jsonl")
    if thing == "fifo":
        os.mkfifo(path)
    elif thing == "folder":
        path.mkdir()
    else:
        path.symlink_to("/etc/hostname")
    assert names(GrowingLines(path, MetricLine).added()) == []
