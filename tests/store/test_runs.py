"""Runs as files, and the index over them."""

import dataclasses
import json

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.records import FinalizeRecord, RunRecord
from runner.store.index import RunIndex
from runner.store.runs import FileRunStore


def make(number, status="completed", **changes):
    time = f"2026-01-01T00:00:{number:02d}.000000Z"
    record = RunRecord(
        id=f"e-20260101-0000{number:02d}-{number:08x}", experiment="e", status=status, created=time, ended=time,
        tags={"team": "a" if number % 2 else "b"}, finalize=FinalizeRecord(metrics={"accuracy": number / 10}),
    )  # fmt: skip
    return dataclasses.replace(record, **changes)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "w")
    for number in range(10):
        FileRunStore(layout).create(make(number))
    return layout


def test_find_by_id_part_and_latest(layout):
    store = FileRunStore(layout)
    assert store.find(make(3).id) == make(3)
    assert store.find("00000003") == make(3)
    assert store.find("latest") == make(9)
    with pytest.raises(UserError, match="10 run ids"):
        store.find("e-2026")
    with pytest.raises(UserError, match="no run 'nothere'"):
        store.find("nothere")


def test_an_id_is_taken_once(layout):
    with pytest.raises(UserError, match="already"):
        FileRunStore(layout).create(make(3))


def test_only_what_has_ended_is_deleted(layout):
    store = FileRunStore(layout)
    store.create(make(11, status="running"))
    with pytest.raises(UserError, match="vivero cancel"):
        store.delete(make(11).id)
    store.delete(make(3).id)
    with pytest.raises(UserError):
        store.read(make(3).id)
    assert len(list(store.list())) == 10


def test_damage_is_named_and_hides_nothing(layout):
    (layout.run("e", make(3).id).record).write_text("{")
    store = FileRunStore(layout)
    assert len(list(store.list())) == 9
    assert "damaged" in store.unreadable()[0]
    assert len(RunIndex(layout).rows()) == 9


WHERE = {
    "accuracy > 0.7": [9, 8],
    "accuracy >= 0.7 and tags.team == 'a'": [9, 7],
    "not accuracy < 0.9": [9],
    "0.1 < accuracy < 0.3": [2],
    "status == 'failed'": [],
    "nothing > 1": [],
    "metrics['accuracy'] in [0.1, 0.2]": [2, 1],
}


@pytest.mark.parametrize("where", WHERE)
def test_where(layout, where):
    assert [row["id"] for row in RunIndex(layout).rows(where=where)] == [make(number).id for number in WHERE[where]]


@pytest.mark.parametrize(
    "where", ["accuracy >", "__import__('os')", "accuracy.real > 1", "(lambda: 1)()", "a + 1 > 2", ""]
)
def test_what_is_no_comparison_is_refused(layout, where):
    if where:
        with pytest.raises(UserError, match="--where"):
            RunIndex(layout).rows(where=where)


def test_sort_filter_limit(layout):
    rows = RunIndex(layout).rows(sort="accuracy", limit=2)
    assert [row["metrics"]["accuracy"] for row in rows] == [0.9, 0.8]
    assert len(RunIndex(layout).rows(tags={"team": "a"})) == 5
    FileRunStore(layout).create(make(12, finalize=FinalizeRecord(metrics={"accuracy": "NaN"})))
    assert len(RunIndex(layout).rows(sort="accuracy")) == 11


@pytest.mark.parametrize("damage", [None, b"", b"no database", b"SQLite format 3\0" + bytes(500)])
def test_the_index_is_made_anew_when_gone_or_damaged(layout, damage):
    before = RunIndex(layout).rows()
    layout.index.unlink()
    if damage is not None:
        layout.index.write_bytes(damage)
    assert RunIndex(layout).rows() == before


def test_the_index_follows_the_records(layout):
    assert RunIndex(layout).rows(status="failed") == []
    store = FileRunStore(layout)
    store.write(make(4, status="failed"))
    assert [row["id"] for row in RunIndex(layout).rows(status="failed")] == [make(4).id]
    store.delete(make(4).id)
    assert RunIndex(layout).rows(status="failed") == []


def test_unknown_fields_of_a_record_survive_a_rewrite(layout):
    path = layout.run("e", make(1).id).record
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    store = FileRunStore(layout)
    store.write(dataclasses.replace(store.read(make(1).id), status="failed"))
    assert json.loads(path.read_text())["colour"] == "red"
