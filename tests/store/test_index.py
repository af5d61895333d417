"""The index of runs follows the records, and can always be thrown away."""

import contextlib
import sqlite3
from typing import Any

import pytest

from runner.io.hashes import hash_file
from runner.layout import Layout
from runner.store.data.hashes import HashCache
from runner.store.index.run_index import RunIndex
from runner.store.index.selection import select
from runner.store.runs import FileRunStore
from runner.worker import timeouts
from tests.contracts.run_store_contract import make
from tests.support.timeouts import short


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


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_an_index_that_somebody_writes_for_long_is_not_thrown_away(
    how: str, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing reads the records itself meanwhile."""
    monkeypatch.setenv(timeouts.VARIABLE, short(cache_lock=0.1))
    before, file = RunIndex(layout).all(), layout.index.stat()
    store = FileRunStore(layout)
    with contextlib.closing(sqlite3.connect(layout.index)) as other:
        other.execute(f"BEGIN {how}")
        store.write(make(4, status="failed"))
        assert len(select(RunIndex(layout).all(), status="failed")) == 1
        there = layout.index.stat()
        assert (there.st_ino, there.st_mtime_ns) == (file.st_ino, file.st_mtime_ns)
    assert len(RunIndex(layout).all()) == len(before) and layout.index.stat().st_ino == file.st_ino


def test_a_cache_of_hashes_that_is_locked_or_damaged_is_done_without(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, short(cache_lock=0.1))
    path = layout.root / "file"
    path.write_text("content")
    digest = hash_file(path)
    with HashCache(layout.hashes) as cache:
        assert cache.hash(path) == digest
    file = layout.hashes.stat()
    with contextlib.closing(sqlite3.connect(layout.hashes)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with HashCache(layout.hashes) as cache:
            assert cache.hash(path) == digest
        other.execute("COMMIT")
        with HashCache(layout.hashes) as cache:
            other.execute("BEGIN EXCLUSIVE")
            assert cache.hash(path) == digest
        assert layout.hashes.stat().st_ino == file.st_ino
    layout.hashes.write_bytes(b"SQLite format 3\0" + bytes(500))
    with HashCache(layout.hashes) as cache:
        assert cache.hash(path) == digest
    with HashCache(layout.hashes) as cache:
        assert cache.known(path, path.stat()) == digest


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
