"""Numbers found in what a script prints."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from runner.worker.files import now
from runner.worker.observe import metrics


def feed(patterns: Any, *blocks: Any) -> Any:
    reader = metrics.LogPatterns(patterns)
    return [pair for block in blocks for pair in reader.feed(block)] + reader.finish()


@pytest.mark.parametrize(
    ("pattern", "text", "values"),
    [
        (r"acc: ([0-9.]+)", b"acc: 0.5\nacc: 0.75\n", [0.5, 0.75]),
        (r"(?P<unit>\w+)=(?P<value>\S+)", b"acc=0.5", [0.5]),
        (r"[0-9.]+$", b"loss 3.5\r\n", [3.5]),
        (r"\d+", b"1 2\n3", [1, 2, 3]),
        (r"acc: (\S+)", b"acc: 1e-3\nacc: high\nacc: nan\n", [0.001]),
        (r"gr\u00fcn: (\d)", "gr\u00fcn: 3\n".encode(), [3]),
        (r"x=(\d+)?", b"x=\nx=4\n", [4]),
        (r"acc: (\S+)", b"acc: 95%\nacc: 0.5,\nacc: 1,234.5;\nacc: 1,2\nacc: -12.5%)\n", [95, 0.5, 1234.5, -12.5]),
    ],
)
def test_what_is_found(pattern: str, text: Any, values: Any) -> None:
    logged = [value for _, value in feed({"m": pattern}, text) if value == value]  # noqa: PLR0124 - no NaN
    assert logged == values


def test_what_is_no_number_is_remembered() -> None:
    patterns = metrics.LogPatterns({"m": r"acc: (\S+)", "n": r"x=(\d)"})
    patterns.feed(b"acc: high\nacc: 0.5\nacc: low\nx=1\n")
    assert patterns.unread == {"m": "high"} and patterns.unmatched == set()
    assert metrics.LogPatterns({"m": "a"}).unmatched == {"m"}


def test_a_value_may_come_in_pieces() -> None:
    assert feed({"m": r"acc: ([0-9.]+)"}, b"ac", b"c: 0", b".5", b"\nrest") == [("m", 0.5)]


def test_an_endless_line_needs_no_memory() -> None:
    patterns = metrics.LogPatterns({"m": r"acc: (\d)"})
    tracemalloc.start()
    values = patterns.feed(b"acc: 1 ")
    for _ in range(200):
        values += patterns.feed(b"x" * (1 << 20))
    values += patterns.feed(b"acc: 2\nacc: 3\n")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert values == [("m", 1.0), ("m", 3.0)]


def test_a_line_has_the_time_that_is_given_or_else_the_present(tmp_path: Path) -> None:
    before = now()
    metrics.append(str(tmp_path), "m", 1)
    metrics.append(str(tmp_path), "m", 2, step=7, kind="list", time="2026-01-01T00:00:00.000000Z")
    first, second = (json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert before <= first.pop("time") <= now()
    assert first == {"name": "m", "value": 1, "step": None, "kind": "scalar"}
    assert second == {"name": "m", "value": 2, "step": 7, "kind": "list", "time": "2026-01-01T00:00:00.000000Z"}


def test_lines_are_strict_json(tmp_path: Path) -> None:
    for value in (float("nan"), float("-inf"), {"a": [float("inf"), None, {1}]}, object(), "\ud800"):
        metrics.append(str(tmp_path), "m", value)

    def refuse(word: Any) -> None:
        raise AssertionError(word)

    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    values = [json.loads(line, parse_constant=refuse)["value"] for line in lines]
    assert values[:3] == ["NaN", "-Infinity", {"a": ["Infinity", None, [1]]}]
