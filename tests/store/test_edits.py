"""Changes that users make to runs, beside each other, beside the controller, and killed in the middle."""

import itertools
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.io.locks import locked
from runner.layout import Layout
from runner.pipeline import finish
from runner.records import RunRecord
from runner.store.edits import current, edit, with_changes
from runner.store.runs import FileRunStore, read_record
from tests.support.command_line import ROOT
from tests.support.waiting import wait_for

RECORD = RunRecord(
    id="e-20260701-120000-00000001", experiment="e", status="completed", created="2026-07-01T12:00:00.000000Z",
    tags={"kept": "yes"},
)  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
CHANGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "tags": st.dictionaries(TEXT, st.none() | TEXT, max_size=3),
            "note": st.none() | TEXT,
            "display_name": TEXT,
            "archived": st.booleans(),
        },
    ),
    max_size=5,
)
TAGGER = """
import itertools, sys
from pathlib import Path
from runner.layout import Layout
from runner.store.edits import edit
from runner.store.runs import FileRunStore
layout, name, last = Layout(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
store = FileRunStore(layout)
for number in range(last):
    edit(layout, store.read(sys.argv[4]), {"tags": {f"{name}-{number}": "set"}})
    print(number, flush=True)
"""


def make(folder: Path, **fields: Any) -> tuple[Layout, RunRecord]:
    layout = Layout(folder / "w")
    layout.create()
    record = RunRecord(**{**vars(RECORD), **fields})
    FileRunStore(layout).create(record)
    return layout, record


def tagger(layout: Layout, name: str, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAGGER, str(layout.root), name, str(last), RECORD.id],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@given(CHANGES)
def test_a_run_ends_up_the_same_whenever_it_was_changed(tmp_path_factory: pytest.TempPathFactory, changes: Any) -> None:
    folder = tmp_path_factory.mktemp("edits")
    layout, ended = make(folder)
    for change in changes:
        ended = edit(layout, ended, change)
    other, active = make(folder / "other", status="running")
    run = other.run(active.experiment, active.id)
    for change in changes:
        edit(other, active, change)
    assert read_record(run.root) == active  # only its controller writes it
    assert current(run, active).tags == ended.tags and current(run, active).note == ended.note
    assert read_record(layout.run("e", ended.id).root) == ended == with_changes(RECORD, changes)


def test_the_script_has_no_say_over_what_a_user_changed(tmp_path: Path) -> None:
    layout, record = make(tmp_path, status="running")
    run = layout.run(record.experiment, record.id)
    edit(layout, record, {"tags": {"a": "user"}})
    run.properties.write_text('{"kind": "tag", "name": "a", "value": "script"}\n')
    assert current(run, record).tags == {"kept": "yes", "a": "user"}


def test_processes_that_change_a_run_at_once_lose_nothing(tmp_path: Path) -> None:
    layout, record = make(tmp_path)
    started = [tagger(layout, name, 25) for name in "abc"]
    for process in started:
        process.communicate(timeout=60)
    tags = read_record(layout.run("e", record.id).root).tags
    assert tags == {"kept": "yes", **{f"{name}-{number}": "set" for name in "abc" for number in range(25)}}


def test_what_is_changed_at_the_end_of_a_run_is_seen_at_once_and_stays(tmp_path: Path) -> None:
    for number in range(40):
        layout, record = make(tmp_path / str(number), status="running")
        context = cast(RunContext, SimpleNamespace(run=layout.run("e", record.id), runs=FileRunStore(layout)))
        ended = threading.Event()
        with ThreadPoolExecutor(2) as pool:
            tagging = [pool.submit(tag_until, ended, layout, record.id, name) for name in "ab"]
            wait_for(context.run.edits.exists)
            with locked(context.run.controller_lock):
                finish(context, record, "completed")
            ended.set()
            last = [future.result() for future in tagging]
        wanted = {f"{name}-{i}": "set" for name, tags in zip("ab", last, strict=True) for i in range(tags)}
        assert read_record(context.run.root).tags == {"kept": "yes", **wanted}


def tag_until(ended: threading.Event, layout: Layout, run_id: str, name: str) -> int:
    """Tag a run until it has ended, and once more; return how often. Each tag has to be there at once."""
    for number in itertools.count(1):
        last, tag = ended.is_set(), f"{name}-{number - 1}"
        edit(layout, FileRunStore(layout).read(run_id), {"tags": {tag: "set"}})
        record = FileRunStore(layout).read(run_id)
        assert tag in current(layout.run("e", run_id), record).tags, f"{tag} was not seen when {record.status}"
        if last:
            break
    return number


def test_a_kill_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    layout, record = make(tmp_path)
    for lines in (1, 4, 9):
        process = tagger(layout, f"k{lines}", 10_000)
        assert process.stdout is not None
        said = list(itertools.islice(process.stdout, lines))
        process.kill()
        said += process.stdout.read().splitlines()
        process.stdout.close()
        process.wait()
        tags = read_record(layout.run("e", record.id).root).tags
        numbers = [int(key.partition("-")[2]) for key in tags if key.startswith(f"k{lines}-")]
        assert numbers == list(range(len(numbers))) and len(numbers) - len(said) in (0, 1)
    edit(layout, record, {"note": "still works"})


def test_a_deleted_run_is_a_mistake_in_one_line(tmp_path: Path) -> None:
    layout, record = make(tmp_path)
    FileRunStore(layout).delete(record.id)
    with pytest.raises(UserError, match="does not exist"):
        edit(layout, record, {"note": "x"})
