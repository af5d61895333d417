"""Conditions, filters and order of lists of runs."""

import time
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.io.clock import read_time
from runner.layout import Layout
from runner.records import FinalizeRecord
from runner.store.index.run_index import RunIndex
from runner.store.index.selection import select
from runner.store.runs import FileRunStore
from tests.contracts.run_store_contract import make

WHERE = {
    "accuracy > 0.7": [9, 8],
    "accuracy >= 0.7 and tags.team == 'a'": [9, 7],
    "not accuracy < 0.9": [9],
    "0.1 < accuracy < 0.3": [2],
    "status == 'failed'": [],
    "metrics.nothing > 1": [],
    "tags.nothing == 'a'": [],
    "metrics['accuracy'] in [0.1, 0.2]": [2, 1],
    "tags.nothing not in ['a']": [],
    "-0.85 < -accuracy < -0.15": [8, 7, 6, 5, 4, 3, 2],
    "'00000003' in id": [3],
    "accuracy > 'high' or accuracy > 0.8": [9],
}


@pytest.mark.parametrize("name", ["acuracy", "stauts", "nothing"])
def test_a_name_that_no_run_has_is_named(layout: Layout, name: str) -> None:
    rows = RunIndex(layout).all()
    with pytest.raises(UserError, match=f"no run has a metric or field named {name}"):
        select(rows, where=f"accuracy > 0.1 and {name} < 1")
    assert select([], where=f"{name} < 1") == []
    with pytest.raises(UserError, match=rf"No run belongs to experiment '{name}'"):
        select(rows, experiment=name)


@pytest.mark.parametrize("where", WHERE)
def test_where(layout: Layout, where: str) -> None:
    assert [row["id"] for row in select(RunIndex(layout).all(), where=where)] == [
        make(number).id for number in WHERE[where]
    ]


def test_truth_values_are_written_as_tables_show_them(layout: Layout) -> None:
    for number, done in ((11, True), (12, False)):
        metrics: Any = {"done": done}
        FileRunStore(layout).create(make(number, finalize=FinalizeRecord(metrics=metrics)))
    rows = RunIndex(layout).all()
    for where, expected in {"done == true": 11, "done != false and done != None": 11, "done == false": 12}.items():
        assert [row["id"] for row in select(rows, where=where)] == [make(expected).id]


@pytest.mark.parametrize(
    "where", ["accuracy >", "__import__('os')", "accuracy.real > 1", "(lambda: 1)()", "a + 1 > 2", ""]
)
def test_what_is_no_comparison_is_refused(layout: Layout, where: str) -> None:
    if where:
        with pytest.raises(UserError, match="The condition"):
            select(RunIndex(layout).all(), where=where)


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("accuracy = 0.9", "Compare with ==: accuracy == 0.9"),
        ("accuracy >= 0.5 and params.c = 1", "Compare with ==: accuracy >= 0.5 and params.c == 1"),
        ("error = 'a=b'", "Compare with ==: error == 'a=b'"),
        ("accuracy = metrics.accuracy", "Compare with ==: accuracy == metrics.accuracy"),
        ("accuracy = = 1", "For example: 'accuracy > 0.95'"),
        ("params.kernel == linear", 'Text needs quotes: "linear"'),
        ("status in [completed]", 'Text needs quotes: "completed"'),
        ("acuracy > 0.5", "Did you mean 'accuracy'"),
        ("accuracy + 1 > 0.5", "accuracy + 1 is not supported"),
        ("accuracy is None", "an operator is not supported"),
    ],
)
def test_a_comparison_that_is_nearly_right_is_told_how(layout: Layout, where: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        select(RunIndex(layout).all(), where=where)
    assert hint in str(error.value)


@pytest.mark.parametrize("where", ["status = {}", "id = {} or experiment={}", "accuracy > 0 and params.kernel = {}"])
@pytest.mark.parametrize("word", ["failed", "linear", "größe"])
def test_what_is_advised_is_right_itself(layout: Layout, where: str, word: str) -> None:
    rows = RunIndex(layout).all()
    with pytest.raises(UserError) as error:
        select(rows, where=where.format(word, word))
    advised = str(error.value).partition("Compare with ==: ")[2]
    assert f'"{word}"' in advised
    select(rows, where=advised)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%z", "Z", "micro"])
def test_times_are_on_the_clock_of_who_reads(
    layout: Layout, zone: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        moments = [read_time(make(number).created) for number in range(10)]
        if form == "Z":
            text = moments[4].strftime("%Y-%m-%dT%H:%M:%SZ")
        elif form == "micro":
            text = make(4).created
        else:
            text = moments[4].astimezone().strftime(form)
        rows = RunIndex(layout).all()
        for sign, expected in SIGNS.items():
            ids = [row["id"] for row in select(rows, where=f"created {sign} '{text}'")]
            assert ids == [make(number).id for number in expected], sign
            turned = sign.translate(str.maketrans("<>", "><"))
            assert [row["id"] for row in select(rows, where=f"'{text}' {turned} created")] == ids
        day = moments[4].astimezone().strftime("%Y-%m-%d")
        assert len(select(rows, where=f"created >= '{day}'")) == 10
        assert select(rows, where=f"created < '{day}'") == []
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "is_true"),
    [
        ("00:00:12", {"==", ">=", "<="}),  # within that second
        ("00:00:12.25", {"==", ">=", "<="}),
        ("00:00:12.250001", {"!=", "<", "<="}),
        ("00:00:12.2", {"!=", ">", ">="}),
        ("00:00:11", {"!=", ">", ">="}),
        ("00:00:13", {"!=", "<", "<="}),
    ],
)
def test_a_time_is_compared_as_precisely_as_it_is_written(layout: Layout, text: str, is_true: set[str]) -> None:
    FileRunStore(layout).create(make(12, created="2026-01-01T00:00:12.250000Z"))
    rows = [row for row in RunIndex(layout).all() if row["id"] == make(12).id]
    assert {sign for sign in SIGNS if select(rows, where=f"created {sign} '2026-01-01 {text}'")} == is_true


SIGNS = {
    ">": range(9, 4, -1),
    ">=": range(9, 3, -1),
    "<": range(3, -1, -1),
    "<=": range(4, -1, -1),
    "==": [4],
    "!=": [9, 8, 7, 6, 5, 3, 2, 1, 0],
}


@pytest.mark.parametrize("field", ["created", "ended"])
@pytest.mark.parametrize(
    "value",
    [
        "2026",
        "yesterday",
        "status",
        "'yesterday'",
        "'1 m'",
        "'2026'",
        "''",
        "2026-11-30",
        "2026-01-02",
        "1.5",
        "['2026-13-01']",
        "-1",
    ],
)
@pytest.mark.parametrize("sign", [">", "<=", "==", "in"])
def test_what_is_no_time_is_refused_with_an_example(layout: Layout, field: str, value: str, sign: str) -> None:
    for where in (f"{field} {sign} {value}", f"{value} {sign} {field}"):
        with pytest.raises(UserError) as error:
            select(RunIndex(layout).all(), where=where)
        assert "created >= '2026-07-01 12:00:00'" in str(error.value)


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("duration > '1 m'", "duration > 60"),
        ("'1' < duration", "duration > 60"),
        ("status == 1", "status is a text"),
        ("id in [1, 2]", "id is a text"),
        ("created == '2026-07-01'", "Give a range"),
        ("created == '20260701'", "Give a range"),
        ("created in ended", "created is a time and cannot be used with in"),
    ],
)
def test_what_no_run_can_ever_be_is_refused(layout: Layout, where: str, hint: str) -> None:
    for rows in (RunIndex(layout).all(), []):
        with pytest.raises(UserError, match=hint):
            select(rows, where=where)


def test_a_run_that_goes_on_has_no_end(layout: Layout) -> None:
    FileRunStore(layout).create(make(12, ended=None))
    rows = RunIndex(layout).all()
    assert make(12).id in [row["id"] for row in select(rows, where="ended == None")]
    assert make(12).id not in [row["id"] for row in select(rows, where="ended > '1999-01-01'")]


def test_sort_filter_limit(layout: Layout) -> None:
    rows = select(RunIndex(layout).all(), sort="accuracy", limit=2)
    assert [row["metrics"]["accuracy"] for row in rows] == [0.9, 0.8]
    assert len(select(RunIndex(layout).all(), tags={"team": "a"})) == 5
    metrics: Any = {"accuracy": "NaN"}  # as JSON has it
    FileRunStore(layout).create(make(12, finalize=FinalizeRecord(metrics=metrics)))
    assert len(select(RunIndex(layout).all(), sort="accuracy")) == 11


@pytest.mark.parametrize("name", ["loss", "metrics.loss", "params.c", "duration", "ended"])
@pytest.mark.parametrize("reverse", [False, True])
def test_what_lacks_the_value_is_last_whatever_the_order(tmp_path: Path, name: str, reverse: bool) -> None:
    layout = Layout(tmp_path / "w")
    store = FileRunStore(layout)
    for number, value in enumerate([0.2, None, 0.1, None, 0.3]):
        has = value is not None
        store.create(
            make(
                number,
                config={"job": {"arguments": {"c": value} if has else {}}},
                finalize=FinalizeRecord(metrics={"loss": value} if value is not None else {"other": 1.0}),
                ended=f"2026-01-01T00:01:{int(value * 10) + number * 2:02d}.000000Z" if value is not None else None,
            )
        )
    rows = select(RunIndex(layout).all(), sort=name, reverse=reverse)
    assert {row["id"] for row in rows[3:]} == {make(1).id, make(3).id}
    expected = [make(4).id, make(0).id, make(2).id] if name not in ("duration", "ended") else []
    assert not expected or [row["id"] for row in rows[:3]] == (expected[::-1] if reverse else expected)


@pytest.mark.parametrize("reverse", [False, True])
def test_infinity_is_a_number_and_nan_is_behind_all_numbers(tmp_path: Path, reverse: bool) -> None:
    layout = Layout(tmp_path / "w")
    for number, value in enumerate(["Infinity", "NaN", 1.0, "-Infinity"]):
        metrics: Any = {"loss": value}
        FileRunStore(layout).create(make(number, finalize=FinalizeRecord(metrics=metrics)))
    FileRunStore(layout).create(make(4, finalize=None))
    values = [row["metrics"].get("loss") for row in select(RunIndex(layout).all(), sort="loss", reverse=reverse)]
    numbers = ["Infinity", 1.0, "-Infinity"]
    assert values == [*(reversed(numbers) if reverse else numbers), "NaN", None]


@pytest.mark.parametrize("where", ["-loss < 0", "-metrics.loss < 0", "-note < 0", "metrics[['loss']] > 0"])
def test_a_missing_value_has_no_negative(layout: Layout, where: str) -> None:
    metrics: Any = {"loss": 0.5}
    FileRunStore(layout).create(make(11, finalize=FinalizeRecord(metrics=metrics)))
    expected = [make(11).id] if "-" in where and "loss" in where else []
    assert [row["id"] for row in select(RunIndex(layout).all(), where=where)] == expected


@pytest.mark.parametrize("count", [1500, 100_000])
def test_a_condition_that_is_nested_too_deeply_is_refused(count: int) -> None:
    with pytest.raises(UserError, match="The condition"):
        select([], where="not " * count + "archived")
