"""Lists of runs: pages, totals, and what changes between two calls."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.api import RunList, UserError, Workspace
from runner.layout import Layout
from runner.records import FinalizeRecord, RunRecord
from runner.store.runs import FileRunStore
from tests.support.history import History


def ids(runs: RunList) -> list[str]:
    return [run.id for run in runs]


def test_pages_are_cuts_of_the_whole(history: History, workspace: Workspace) -> None:
    for at in range(7):
        history.run(metrics={"accuracy": at / 10})
    every = workspace.runs(sort="accuracy")
    assert (len(every), every.total) == (7, 7)
    for offset in (0, 3, 6, 7):
        page = workspace.runs(sort="accuracy", limit=3, offset=offset)
        assert ids(page) == ids(every)[offset : offset + 3] and page.total == 7
    assert ids(every[2:4]) == ids(every)[2:4] and every[-1].id == ids(every)[-1]
    assert workspace.runs("accuracy > 0.35", limit=1).total == 3
    with pytest.raises(UserError, match="Unknown status"):
        workspace.runs(status="complete")


def test_rows_are_as_the_command_prints_them(history: History, workspace: Workspace) -> None:
    history.run(metrics={"accuracy": 0.5}, tags={"team": "a"})
    history.run(status="running", ended=None, finalize=None)
    assert workspace.runs().rows == history.json("runs")
    assert [run.row for run in workspace.runs()] == history.json("runs")
    assert [row["followed"] for row in workspace.runs().rows] == [False, True]


def test_a_later_call_sees_what_changed(history: History, workspace: Workspace) -> None:
    first = history.run()
    assert ids(workspace.runs()) == [first.id]
    second = history.run()
    assert ids(workspace.runs()) == [second.id, first.id]
    history.vivero("tag", first.id, "team=b")
    assert workspace.runs(tags={"team": "b"}).total == 1
    history.runs.delete(second.id)
    assert ids(workspace.runs()) == [first.id]


def test_an_active_run_shows_what_it_has_so_far(history: History, workspace: Workspace) -> None:
    record = history.run(status="running", ended=None, finalize=None)
    assert workspace.runs().rows[0]["metrics"] == {}
    folder = history.folder_of(record)
    folder.metrics.write_text('{"name": "loss", "value": 2}\n')
    folder.properties.write_text('{"kind": "tag", "name": "by", "value": "script"}\n')
    workspace.run("latest").set_note("slow")
    row = workspace.runs("loss == 2").rows[0]
    assert (row["metrics"], row["tags"], row["note"]) == ({"loss": 2}, {"by": "script"}, "slow")


def test_an_unreadable_record_is_a_problem(history: History, workspace: Workspace) -> None:
    good, bad = history.run(), history.run()
    history.folder_of(bad).record.write_text("{")
    runs = workspace.runs()
    assert ids(runs) == [good.id] and len(runs.problems) == 1 and bad.id in runs.problems[0]
    FileRunStore(history.layout).write(bad)
    assert workspace.runs().total == 2 and workspace.runs().problems == []


def test_archived_runs_are_left_out_unless_asked_for(history: History, workspace: Workspace) -> None:
    shown, hidden = history.run(), history.run()
    workspace.run(hidden.id).archive()
    assert ids(workspace.runs()) == [shown.id]
    assert workspace.runs(archived=True).total == 2
    for where in ("archived", "archived == true", "archived == True"):
        assert ids(workspace.runs(where)) == [hidden.id]
    assert ids(workspace.runs("not archived")) == [shown.id]
    with pytest.raises(UserError, match="true or false"):
        workspace.runs("archived == 1")


def test_csv_has_a_column_for_each_name(history: History, workspace: Workspace, tmp_path: Any) -> None:
    history.run(metrics={"accuracy": 0.5}, tags={"team": "a, b"})
    history.run(config={"job": {"arguments": {"kernel": "rbf"}}})
    text = workspace.runs().to_csv()
    assert text is not None
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["params.kernel"] for row in rows] == ["rbf", ""]
    assert rows[1]["tags.team"] == "a, b" and rows[1]["metrics.accuracy"] == "0.5"
    assert workspace.runs().to_csv(tmp_path / "runs.csv") is None
    assert (tmp_path / "runs.csv").read_text() == text


def test_pandas(history: History, workspace: Workspace) -> None:
    pytest.importorskip("pandas")
    history.run(metrics={"accuracy": 0.5})
    frame = workspace.runs().to_pandas()
    assert frame["metrics.accuracy"].tolist() == [0.5] and frame["created"].dt.year.tolist() == [2026]


def test_html_is_escaped(history: History, workspace: Workspace) -> None:
    evil = "<script>alert(1)</script>"
    history.run(metrics={evil: evil}, display_name=evil, tags={evil: evil}, config={"job": {"arguments": {evil: evil}}})
    for shown in (workspace.runs()._repr_html_(), workspace.run("latest")._repr_html_()):
        assert "<script" not in shown and "&lt;script&gt;" in shown


CHANGES = st.lists(st.tuples(st.sampled_from(["new", "delete", "tag", "end", "log"]), st.integers(0, 5)), max_size=12)


@settings(deadline=None, max_examples=40)
@given(CHANGES)
def test_a_kept_workspace_equals_a_new_one(tmp_path_factory: pytest.TempPathFactory, changes: Any) -> None:
    """Whatever happens to runs between two calls, in this process or another."""
    layout = Layout(tmp_path_factory.mktemp("kept") / "w")
    layout.create()
    kept, store = Workspace(layout.root), FileRunStore(layout)
    made: list[str] = []
    for second, (what, number) in enumerate(changes):
        if what == "new" or not made:
            record = RunRecord(
                id=f"e-20260701-1200{second:02d}-00000001", experiment="e", status="running",
                created=f"2026-07-01T12:00:{second:02d}.000000Z",
            )  # fmt: skip
            store.create(record)
            made.append(record.id)
            continue
        run = Workspace(layout.root).run(made[number % len(made)])
        if what == "tag":
            run.tag("n", str(number))
        elif what == "log":
            with run.folder.metrics.open("a") as file:
                file.write(json.dumps({"name": "loss", "value": number}) + "\n")
        elif run.status == "running":
            ended = {"status": "completed", "finalize": FinalizeRecord(metrics={"loss": number})}
            store.write(RunRecord(**{**vars(run.record), **ended}))
        elif what == "delete":
            run.delete()
            made.remove(run.id)
        assert kept.runs().rows == Workspace(layout.root).runs().rows
