"""The door through which records come in."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import runner.io.json_records
from runner.errors import UserError
from runner.io.json_records import DEEPEST, parse, read_bytes, read_lines, read_record
from runner.records import AliasLine, EndpointRecord, MetricLine, RunRecord
from runner.store.aliases import AliasFile
from tests.support.attacks.damage import CONTENTS, PLACES, Damage

RUN = {
    "format": 1, "id": "e-1", "experiment": "e", "status": "completed", "created": "2026-07-01T12:00:00.000000Z",
    "tags": {"a": "b"}, "phases": {"Running": 1}, "finalize": {"outputs": [{"path": "a", "bytes": 1, "sha256": "c"}]},
}  # fmt: skip
WRONG: dict[str, list[Any]] = {
    "id": [None, 5, "..", "a/b", ""],
    "created": [
        None,
        5,
        "",
        "yesterday",
        "2026-07-01",
        "2026-07-01T12:00",
        "0001-01-01T00:00:00Z",
        "2026-13-01T00:00Z",
    ],
    "ended": [5, "soon"],
    "number": ["1", 1.5, True, 2**63, None],
    "tags": [None, [], "a", {"a": 1}, {"a": None}],
    "phases": [{"a": "1"}, {"a": True}, {"a": float("inf")}, {"a": float("nan")}, {"a": 10**299}],
    "overrides": ["a", [1], {"a": 1}],
    "finalize": [[], "a", {"outputs": 1}, {"outputs": [None]}, {"outputs": [{"path": "a", "bytes": 1}]}],
    "format": [None, "1", True, 2],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_field_of_another_type_is_named(name: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(RUN))
    assert read_record(path, RunRecord).to_json()["tags"] == {"a": "b"}
    path.write_text(json.dumps({**RUN, name: value}))
    with pytest.raises(UserError, match=r"run\.json") as caught:
        read_record(path, RunRecord)
    assert (name in str(caught.value) or name == "format") and "\n" not in str(caught.value)


@pytest.mark.parametrize("outside", ["/etc/passwd", "../a", "a/../../b", "", "a\0"])
def test_a_file_of_a_record_is_in_its_folder(outside: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**RUN, "finalize": {"outputs": [{"path": outside, "bytes": 1, "sha256": "c"}]}}))
    with pytest.raises(UserError, match=r"finalize\.outputs\.0\.path"):
        read_record(path, RunRecord)


@pytest.mark.parametrize("field", ["id", "experiment", "status", "created"])
def test_a_field_that_is_missing_is_named(field: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({name: value for name, value in RUN.items() if name != field}))
    with pytest.raises(UserError, match=rf"it has no {field}"):
        read_record(tmp_path / "run.json", RunRecord)


@pytest.mark.parametrize("settings", [{"port": "5001"}, {"colour": "red"}, {"hosts": [1]}, {"workers": None}, []])
def test_settings_of_an_endpoint_are_checked_with_its_record(settings: Any, tmp_path: Path) -> None:
    record = {"format": 1, "name": "e", "created": RUN["created"], "settings": settings}
    (tmp_path / "endpoint.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"endpoint\.json is damaged: settings"):
        read_record(tmp_path / "endpoint.json", EndpointRecord)


def test_depth_and_digits_have_a_limit() -> None:
    for opening, inside, closing in (("[", "1", "]"), ('{"a":', "1", "}")):
        assert parse(opening * DEEPEST + inside + closing * DEEPEST)
        for many in (DEEPEST + 2, 900, 100_000):
            with pytest.raises(ValueError, match="nested"):
                parse(opening * many + inside + closing * many)
    assert parse("[" + "[]," * 1000 + "9]")[-1] == 9
    with pytest.raises(ValueError, match="digits"):
        parse("9" * 400)
    assert parse("[NaN, -Infinity]") == ["NaN", "-Infinity"]


@pytest.mark.parametrize("place", [place for place in PLACES if place != "nothing"])
def test_only_a_regular_file_is_read(place: str, tmp_path: Path) -> None:
    PLACES[place](tmp_path / "run.json")
    with pytest.raises(UserError, match=r"run\.json is damaged: it (is|has) "):
        read_bytes(tmp_path / "run.json")


def test_a_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to("there")
    (tmp_path / "there" / "run.json").write_text(json.dumps(RUN))
    assert read_record(tmp_path / "here" / "run.json", RunRecord).id == "e-1"


@given(damage=CONTENTS)
def test_any_content_is_a_record_or_one_line(tmp_path_factory: pytest.TempPathFactory, damage: Damage) -> None:
    path = tmp_path_factory.mktemp("any") / "run.json"
    path.write_bytes(damage(json.dumps(RUN).encode()))
    said = ""
    try:
        record = read_record(path, RunRecord)
        assert RunRecord.from_json(record.to_json()) == record
    except UserError as error:
        said = str(error)
    assert not said or (str(path) in said and "\n" not in said and len(said) < 400)


@given(damage=CONTENTS)
def test_a_damaged_line_of_aliases_loses_no_other(tmp_path_factory: pytest.TempPathFactory, damage: Damage) -> None:
    folder = tmp_path_factory.mktemp("aliases")
    aliases = AliasFile(folder)
    aliases.append("first", 1)
    path = folder / "aliases.jsonl"
    line = damage(path.read_bytes()).replace(b"\n", b" ") + b"\n"
    path.write_bytes(path.read_bytes() + line)
    aliases.append("last", 3)
    assert {"last": 3}.items() <= aliases.current().items()
    assert [change["alias"] for change in aliases.history()][:: len(aliases.history()) - 1] == ["first", "last"]


def test_a_damaged_file_is_named_once(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(runner.io.json_records, "_warned", set())
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"name": "a", "value": 1}\n{"name": 5}\n\n[]\n{"name": "b", "value": 2}\n{"name": "torn"')
    for _ in range(2):
        assert [line["name"] for line in read_lines(path, MetricLine)] == ["a", "b"]
    assert capsys.readouterr().err == (
        f"warning: {path} is damaged; skipped line 2: name: 5 is not text (and 1 more)\n"
    )
    with pytest.raises(UserError, match="line 2: name"):
        list(read_lines(path, MetricLine, whole=True))
    assert list(read_lines(tmp_path / "none", AliasLine)) == []


def test_aliases_are_not_written_to_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "aliases.jsonl")
    with pytest.raises(UserError, match="not a regular file"):
        AliasFile(tmp_path).append("first", 1)


def test_a_day_of_aliases_ends_with_it_in_any_form(tmp_path: Path) -> None:
    (tmp_path / "aliases.jsonl").write_text('{"time": "2026-03-01T12:00:00.000000Z", "alias": "a", "version": 1}\n')
    for day in ("2026-03-01", "20260301", "2026-W09-7"):
        assert AliasFile(tmp_path).current(day) == {"a": 1}
    assert AliasFile(tmp_path).current("2026-03-01T11:00") == {}
    with pytest.raises(UserError, match="is not a date"):
        AliasFile(tmp_path).current("0001-01-01T00:00+05:00")
