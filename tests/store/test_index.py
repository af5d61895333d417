"""The index over the runs: filters, sorting, and that it can always be thrown away."""

from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.records import FinalizeRecord
from runner.store.index import RunIndex, select
from runner.store.runs import FileRunStore
from tests.contracts.run_store_contract import make


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    layout = Layout(tmp_path / "w")
    for number in range(10):
        FileRunStore(layout).create(make(number))
    return layout


def test_damage_is_named_and_hides_nothing(layout: Layout) -> None:
    layout.run("e", make(3).id).record.write_text("{")
    for _ in range(2):  # the second time from the cache
        index = RunIndex(layout)
        assert len(index.all()) == 9
        (problem,) = index.unreadable()
        assert "damaged" in problem and make(3).id in problem


WHERE = {
    "accuracy > 0.7": [9, 8],
    "accuracy >= 0.7 and tags.team == 'a'": [9, 7],
    "not accuracy < 0.9": [9],
    "0.1 < accuracy < 0.3": [2],
    "status == 'failed'": [],
    "metrics.nothing > 1": [],
    "tags.nothing == 'a'": [],
    "metrics['accuracy'] in [0.1, 0.2]": [2, 1],
}


@pytest.mark.parametrize("name", ["acuracy", "stauts", "nothing"])
def test_a_name_that_no_run_has_is_named(layout: Layout, name: str) -> None:
    rows = RunIndex(layout).all()
    with pytest.raises(UserError, match=f"no run has a metric or field {name}"):
        select(rows, where=f"accuracy > 0.1 and {name} < 1")
    assert select([], where=f"{name} < 1") == []
    with pytest.raises(UserError, match=rf"No run belongs to an experiment {name}"):
        select(rows, experiment=name)


@pytest.mark.parametrize("where", WHERE)
def test_where(layout: Layout, where: str) -> None:
    assert [row["id"] for row in select(RunIndex(layout).all(), where=where)] == [
        make(number).id for number in WHERE[where]
    ]


@pytest.mark.parametrize(
    "where", ["accuracy >", "__import__('os')", "accuracy.real > 1", "(lambda: 1)()", "a + 1 > 2", ""]
)
def test_what_is_no_comparison_is_refused(layout: Layout, where: str) -> None:
    if where:
        with pytest.raises(UserError, match="--where"):
            select(RunIndex(layout).all(), where=where)


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("accuracy = 0.9", "Compare with ==: 'accuracy == 0.9'"),
        ("accuracy >= 0.5 and params.c = 1", "Compare with ==: 'accuracy >= 0.5 and params.c == 1'"),
        ("params.kernel == linear", 'A text is written in quotes: "linear"'),
        ("status in [completed]", 'A text is written in quotes: "completed"'),
        ("acuracy > 0.5", "Did you mean 'accuracy'"),
    ],
)
def test_a_comparison_that_is_nearly_right_is_told_how(layout: Layout, where: str, hint: str) -> None:
    with pytest.raises(UserError) as told:
        select(RunIndex(layout).all(), where=where)
    assert hint in str(told.value)


def test_sort_filter_limit(layout: Layout) -> None:
    rows = select(RunIndex(layout).all(), sort="accuracy", limit=2)
    assert [row["metrics"]["accuracy"] for row in rows] == [0.9, 0.8]
    assert len(select(RunIndex(layout).all(), tags={"team": "a"})) == 5
    metrics: Any = {"accuracy": "NaN"}  # as JSON has it
    FileRunStore(layout).create(make(12, finalize=FinalizeRecord(metrics=metrics)))
    assert len(select(RunIndex(layout).all(), sort="accuracy")) == 11


@pytest.mark.parametrize("damage", [None, b"", b"no database", b"SQLite format 3\0" + bytes(500)])
def test_the_index_is_made_anew_when_gone_or_damaged(layout: Layout, damage: Any) -> None:
    before = RunIndex(layout).all()
    layout.index.unlink()
    if damage is not None:
        layout.index.write_bytes(damage)
    assert RunIndex(layout).all() == before


def test_the_index_follows_the_records(layout: Layout) -> None:
    assert select(RunIndex(layout).all(), status="failed") == []
    store = FileRunStore(layout)
    store.write(make(4, status="failed"))
    assert [row["id"] for row in select(RunIndex(layout).all(), status="failed")] == [make(4).id]
    store.delete(make(4).id)
    assert select(RunIndex(layout).all(), status="failed") == []
