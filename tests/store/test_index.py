"""The index of runs follows the records, and can always be thrown away."""

from typing import Any

import pytest

from runner.layout import Layout
from runner.store.index.run_index import RunIndex
from runner.store.index.selection import select
from runner.store.runs import FileRunStore
from tests.contracts.run_store_contract import make


def test_damage_is_named_and_hides_nothing(layout: Layout) -> None:
    layout.run("e", make(3).id).record.write_text("{")
    for _ in range(2):  # the second time from the cache
        index = RunIndex(layout)
        assert len(index.all()) == 9
        (problem,) = index.unreadable()
        assert "damaged" in problem and make(3).id in problem


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


def test_a_run_that_goes_on_has_its_metrics_so_far(layout: Layout) -> None:
    record = make(12, status="running", finalize=None, ended=None)
    FileRunStore(layout).create(record)
    path = layout.run("e", record.id).metrics
    for value in (0.5, 0.25, "{"):
        text = f'{{"name": "loss", "value": {value}, "step": null, "kind": "scalar"}}\n' if value != "{" else "{\n"
        path.write_text(text)
        (row,) = [row for row in RunIndex(layout).all() if row["id"] == record.id]
        assert row["metrics"] == ({} if value == "{" else {"loss": value})
        assert len(RunIndex(layout).all()) == 11
    path.write_text('{"name": "loss", "value": 3.5, "step": null, "kind": "scalar"}\n')
    FileRunStore(layout).write(make(12, status="failed", finalize=None))
    assert [row["id"] for row in select(RunIndex(layout).all(), where="loss == 3.5")] == [record.id]
