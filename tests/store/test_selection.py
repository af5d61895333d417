"""What the index selects, sorts and cuts is what looking at every row does."""

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.api import UserError, Workspace
from runner.layout import Layout
from runner.records import FinalizeRecord, RunRecord
from runner.statuses import TERMINAL
from runner.store.index.selection import select
from runner.store.runs import FileRunStore

VALUES = st.one_of(
    st.integers(-3, 3), st.floats(-3, 3), st.sampled_from(["NaN", "Infinity", "-Infinity", "text", 10**30, True]),
    st.none(),
)  # fmt: skip
RUNS = st.lists(
    st.fixed_dictionaries({
        "experiment": st.sampled_from(["e", "f"]),
        "status": st.sampled_from(["completed", "failed", "running", "queued"]),
        "second": st.integers(0, 3),
        "metrics": st.dictionaries(st.sampled_from(["loss", "a b", "\ud83d\ude00"]), VALUES, max_size=2),
        "tags": st.dictionaries(st.sampled_from(["team", "n"]), st.sampled_from(["a", "\u00e9"]), max_size=2),
        "archived": st.booleans(),
        "readable": st.integers(0, 5).map(bool),
    }),
    max_size=12,
)  # fmt: skip
SELECTIONS = st.fixed_dictionaries({}, optional={
    "where": st.sampled_from(["loss > 0", "archived", "tags.team == 'a'", "created > '2026-01-01'", "nothing < 1"]),
    "experiment": st.sampled_from(["e", "g"]),
    "status": st.sampled_from(["completed", "running"]),
    "tags": st.just({"team": "a"}),
    "sort": st.sampled_from(["created", "loss", "metrics.a b", "status", "duration", "id"]),
    "reverse": st.booleans(),
    "archived": st.booleans(),
})  # fmt: skip


def write(layout: Layout, runs: Any) -> None:
    for number, run in enumerate(runs):
        record = RunRecord(
            id=f"{run['experiment']}-20260701-12000{run['second']}-{number:08x}", experiment=run["experiment"],
            status=run["status"], created=f"2026-07-01T12:00:0{run['second']}.000000Z", tags=run["tags"],
            ended="2026-07-01T12:00:09.000000Z" if run["status"] in TERMINAL else None, archived=run["archived"],
            finalize=FinalizeRecord(metrics=run["metrics"]),
        )  # fmt: skip
        FileRunStore(layout).create(record)
        if not run["readable"]:
            layout.run(record.experiment, record.id).record.write_text("{")


def plainly(rows: Any, ids: Any, selection: Any) -> Any:
    try:
        return select(rows, ids=ids, **selection)
    except UserError as error:
        return str(error)


@settings(deadline=None, max_examples=80)
@given(RUNS, SELECTIONS, st.booleans(), st.integers(0, 5), st.one_of(st.none(), st.integers(0, 5)))
def test_pages_of_the_index_are_those_of_all_rows(
    tmp_path_factory: pytest.TempPathFactory, runs: Any, selection: Any, some: bool, offset: int, limit: int | None
) -> None:
    layout = Layout(tmp_path_factory.mktemp("selected") / "w")
    layout.create()
    write(layout, runs)
    every = Workspace(layout.root).runs(archived=True).rows
    every.sort(key=lambda row: (row["created"], row["id"]), reverse=True)
    ids = tuple(row["id"] for row in every[::2]) if some else None
    expected = plainly(every, ids, selection)
    workspace = Workspace(layout.root)
    for _ in range(2):  # the second time from what was kept
        if isinstance(expected, str):
            with pytest.raises(UserError) as error:
                workspace.runs(**selection, ids=ids, limit=limit, offset=offset)
            assert str(error.value) == expected
            continue
        page = workspace.runs(**selection, ids=ids, limit=limit, offset=offset)
        assert page.total == len(expected)
        assert page.rows == expected[offset : None if limit is None else offset + limit]
        assert list(workspace.each_row(**selection, ids=ids)) == expected


def test_names_are_those_of_all_runs(tmp_path: Any) -> None:
    layout = Layout(tmp_path / "w")
    layout.create()
    base = {"experiment": "e", "status": "completed", "archived": False, "readable": True}
    runs = [{**base, "second": at, "metrics": {f"m{at}": 1}, "tags": {"t": "1"}} for at in range(3)]
    write(layout, runs)
    workspace = Workspace(layout.root)
    assert workspace.run_names() == {"metrics": {"m0", "m1", "m2"}, "params": set(), "tags": {"t"}}
    workspace.run("latest").tag("u", "1")
    assert workspace.run_names()["tags"] == {"t", "u"}


def test_a_cache_that_another_process_changes_or_removes_does_not_matter(tmp_path: Any) -> None:
    layout = Layout(tmp_path / "w")
    layout.create()
    base = {"experiment": "e", "status": "completed", "archived": False, "readable": True, "metrics": {}, "tags": {}}
    write(layout, [{**base, "second": at} for at in range(3)])
    workspace = Workspace(layout.root)
    before = workspace.runs().rows
    with sqlite3.connect(layout.index) as database:
        database.execute("DROP TABLE runs")
    database.close()
    assert workspace.runs().rows == before == Workspace(layout.root).runs().rows
    layout.index.unlink()
    workspace.run("latest").archive()
    assert workspace.runs().rows == before[1:] == Workspace(layout.root).runs().rows
