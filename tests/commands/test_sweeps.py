"""``vivero sweeps``, ``sweep``, ``best`` and ``cancel`` of a sweep."""

import dataclasses
import json
import shlex
import shutil
from typing import Any
from unittest.mock import ANY

import pytest

from runner.io.locks import locked
from runner.sweeps.store import SweepStore
from tests.support.history import History
from tests.support.sweeps import ACCURACY, SECONDS, sweep, trial

RUNNING = {"status": "running", "ended": None}


@pytest.fixture
def store(history: History) -> Any:
    return SweepStore(history.layout)


@pytest.fixture
def two(store: Any) -> Any:
    records = [
        sweep(trial(0, 0.9), trial(1, 0.95, parameters={"job.arguments.kernel": "two words"})),
        sweep(trial(0, 0.5), trial(1, status="failed", reason="exit code 7"), number=2, state="failed"),
    ]
    for record in records:
        store.create(record)
    return records


def going(store: Any, *trials: Any, **fields: Any) -> Any:
    """Record a sweep that should be running."""
    record = sweep(*trials, state="running", ended=None, total=9, **fields)
    store.create(record)
    return record


def test_a_list_newest_first(history: History, two: Any) -> None:
    header, second, first = history.vivero("sweeps").stdout.splitlines()
    assert header.split() == ["SWEEP", "STATE", "TRIALS", "BEST", "CREATED"]
    assert first.startswith(two[0].id) and "2 completed" in first and "Accuracy=0.95" in first
    assert "1 completed, 1 failed" in second and "failed" in second


def test_a_list_as_json(history: History, two: Any) -> None:
    rows = history.json("sweeps")
    assert [row["id"] for row in rows] == [two[1].id, two[0].id]
    assert rows[1]["counts"]["completed"] == 2 and rows[1]["best"][0]["values"] == {"Accuracy": 0.95}


def test_no_sweeps_yet(history: History) -> None:
    done = history.vivero("sweeps")
    assert (done.returncode, done.stdout) == (0, "") and "No sweeps yet" in done.stderr
    assert history.json("sweeps") == []
    assert "no sweeps" in history.error("sweep", "latest")


def test_a_record_from_the_future_does_not_hide_the_others(history: History, store: Any, two: Any) -> None:
    path = store.layout.sweep(two[0].id).record
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    done = history.vivero("sweeps", "--json")
    assert [row["id"] for row in json.loads(done.stdout)] == [two[1].id]
    assert "format 99" in done.stderr


def test_a_sweep_has_everything(history: History, store: Any, two: Any) -> None:
    store.layout.sweep(two[1].id).page.write_text("page")
    text = history.vivero("sweep", "latest").stdout
    for word in (
        two[1].id, "failed", "1 completed, 1 failed", "Accuracy (maximize)", "Accuracy=0.5 (trial 0)", "1 m 00 s",
        "kernel", "penalty", "exit code 7", "sweep.html", trial(0).run, trial(1).run,
    ):  # fmt: skip
        assert word in text, word


def test_a_sweep_as_json(history: History, two: Any) -> None:
    shown = history.json("sweep", two[0].id)
    assert (shown["id"], shown["state"], shown["best"], shown["resume"]) == (two[0].id, "completed", [1], None)
    assert shown["trials"][0]["values"] == {"Accuracy": 0.9}
    assert shown["trials"][1]["parameters"] == {"job.arguments.kernel": "two words"}


def test_best(history: History, two: Any) -> None:
    shown = history.vivero("best", two[0].id).stdout
    assert trial(1).run in shown and "Accuracy=0.95" in shown
    line = next(line for line in shown.splitlines() if "python -m runner" in line)
    assert shlex.split(line) == ["python", "-m", "runner", "+experiment=iris", "job.arguments.kernel=two words"]


def test_best_as_json_with_its_model(history: History, store: Any) -> None:
    store.create(sweep(trial(0, 0.9), model="iris:3"))
    shown = history.json("best", "latest")
    assert shown["model"] == "iris:3"
    (only,) = shown["best"]
    assert (only["number"], only["model"], only["values"]) == (0, "iris:3", {"Accuracy": 0.9})
    assert only["command"].startswith("python -m runner +experiment=iris ")


def test_best_of_several_objectives(history: History, store: Any) -> None:
    trials = [trial(n, n / 10, metrics={"seconds": n}) for n in range(3)]
    store.create(sweep(*trials, objectives=(ACCURACY, SECONDS)))
    assert [row["number"] for row in history.json("best", "latest")["best"]] == [0, 1, 2]
    assert "Also best: trial 2" in history.vivero("best", "latest").stdout


def test_nothing_is_best(history: History, store: Any) -> None:
    store.create(sweep(trial(0)))
    assert "no completed trial has a value of Accuracy" in history.error("best", "latest")
    store.create(sweep(trial(0, 0.5), number=2, objectives=()))
    assert "no objective" in history.error("best", "latest")


def test_a_sweep_at_work_is_read_from_its_journal(history: History, store: Any) -> None:
    record = going(store, trial(0, **RUNNING))
    store.append(record.id, trial(0, 0.75).to_json())
    before = store.layout.sweep(record.id).record.read_bytes()
    with locked(store.layout.sweep(record.id).lock):
        shown = history.json("sweep", "latest")
    assert (shown["state"], shown["best"], shown["trials"][0]["status"]) == ("running", [0], "completed")
    assert store.layout.sweep(record.id).record.read_bytes() == before


def test_a_sweep_whose_controller_died_is_brought_up_to_date(history: History, store: Any) -> None:
    run = history.run(metrics={"Accuracy": 0.75})
    record = going(store, trial(0, run=run.id, **RUNNING), trial(1, run="iris_never_began", **RUNNING))
    store.append(record.id, record.trials[0].to_json())
    done = history.vivero("sweep", "latest")
    assert "interrupted" in done.stdout and "Accuracy=0.75" in done.stdout and "before the trial began" in done.stdout
    assert f"python -m runner -m +experiment=iris sweep.resume={record.id}" in done.stderr
    assert "interrupted" in history.vivero("sweeps").stdout
    written = store.read(record.id)
    assert written.state == "running"
    assert [record.status for record in written.trials] == ["completed", "canceled"] and written.best == (0,)
    assert store.replay(written) == written


def test_a_list_of_hydras_cannot_be_resumed(history: History, store: Any) -> None:
    record = going(store, trial(0, 0.5), search="list")
    done = history.vivero("sweep", record.id)
    assert "interrupted" in done.stdout and done.stderr == ""
    assert history.json("sweep", record.id)["resume"] is None


@pytest.fixture
def begun(history: History) -> Any:
    """A run whose composition is real and whose script has not begun."""
    history.command_line.script("print('hello')")
    assert history.command_line.job("stages=[prepare]").returncode == 0
    run = dataclasses.replace(history.runs.find("latest"), status="preparing", ended=None)
    history.runs.write(run)
    return run


def test_a_trial_that_nobody_minds_is_finished(begun: Any, history: History, store: Any) -> None:
    run = begun
    record = going(store, trial(0, run=run.id, **RUNNING))
    assert history.json("sweep", record.id)["trials"][0]["status"] == "running"
    assert history.json("recover") == [{"id": run.id, "status": "failed", "error": ANY}]
    assert history.json("sweep", record.id)["trials"][0]["status"] == "failed"
    assert history.json("show", run.id)["status"] == "failed"


def test_cancel_asks_a_sweep_to_end(history: History, store: Any) -> None:
    record = going(store, trial(0, **RUNNING))
    folder = store.layout.sweep(record.id)
    with locked(folder.lock):
        done = history.vivero("cancel", record.id)
    assert done.returncode == 0 and "being canceled" in done.stdout, done.stderr
    assert folder.cancel.exists() and store.read(record.id).state == "running"


def test_cancel_ends_a_sweep_that_nobody_minds(begun: Any, history: History, store: Any) -> None:
    run = begun
    folder = history.folder_of(run)
    record = going(store, trial(0, run=run.id, **RUNNING))
    with locked(folder.controller_lock):  # its worker's end is still to come
        assert history.json("cancel", "iris-sweep") == [{"id": record.id, "status": "canceled"}]
    assert folder.cancel.exists()
    assert [row["status"] for row in history.json("recover", run.id)] == ["canceled"]
    shown = history.json("sweep", record.id)
    assert (shown["state"], shown["trials"][0]["status"]) == ("canceled", "canceled")


def test_a_damaged_trial_keeps_no_other_from_being_canceled(begun: Any, history: History, store: Any) -> None:
    damaged = history.run(status="running", ended=None)
    history.folder_of(damaged).record.write_text("{")
    other = history.run(status="running", ended=None)
    trials = [trial(0, run=damaged.id, **RUNNING), trial(1, run=other.id, **RUNNING), trial(2, run=begun.id, **RUNNING)]
    record = going(store, *trials)
    done = history.vivero("cancel", record.id)
    assert done.returncode == 1
    assert f"Sweep {record.id} is canceled, but its trial 0 was not:" in done.stderr
    assert "its trial 1 was not: The configuration of run" in done.stderr
    assert store.read(record.id).state == "canceled"
    assert history.json("show", begun.id)["status"] in ("canceled", "failed")


def test_a_run_that_cannot_be_canceled_keeps_no_other_from_it(begun: Any, history: History) -> None:
    bad = history.run(status="running", ended=None)
    done = history.vivero("cancel", bad.id, begun.id)
    assert done.returncode == 1 and f"The configuration of run {bad.id} is damaged" in done.stderr
    assert history.json("show", begun.id)["status"] in ("canceled", "failed")


@pytest.mark.parametrize("where", ["iris", "another-experiment"])
def test_a_damaged_record_keeps_no_other_run_from_being_recovered(where: str, begun: Any, history: History) -> None:
    """Nor does a damaged copy of the run itself, in the folder of another experiment."""
    damaged = history.layout.run(where, begun.id if where != "iris" else "iris-20260701-120000-0000abcd").record
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{")
    other = dataclasses.replace(begun, id=f"{begun.id[:-8]}0000dcba")
    history.folder_of(other).root.mkdir()
    shutil.copytree(history.folder_of(begun).root, history.folder_of(other).root, dirs_exist_ok=True)
    history.runs.write(other)
    done = history.vivero("recover")
    assert str(damaged) in done.stderr and "is damaged" in done.stderr
    assert history.json("show", other.id)["status"] == "failed"


def test_cancel_of_a_sweep_that_has_ended_says_so_as_of_a_run(history: History, two: Any) -> None:
    run, sweep = history.run(), two[0]
    assert history.json("cancel", run.id, sweep.id) == [
        {"id": run.id, "status": "completed"}, {"id": sweep.id, "status": "completed"},
    ]  # fmt: skip
    assert f"Sweep {sweep.id} has already ended: it is completed" in history.vivero("cancel", sweep.id).stdout


def test_a_part_that_a_run_and_a_sweep_have_cancels_neither(history: History, store: Any) -> None:
    record = going(store, trial(0, **RUNNING))
    history.run()
    assert record.id in history.error("cancel", "20260701-1200")
    assert not store.layout.sweep(record.id).cancel.exists()


def test_cancel_still_means_runs(history: History, store: Any, two: Any) -> None:
    run = history.run()
    assert history.json("cancel", "latest") == [{"id": run.id, "status": "completed"}]
    assert "No run matches" in history.error("cancel", "nothing-like-it")


def test_names_and_values_cannot_steer_the_terminal(history: History, store: Any) -> None:
    hostile = "\x1b]0;owned\x07"
    bad = trial(0, 0.5, parameters={hostile: hostile}, reason=hostile)
    store.create(dataclasses.replace(sweep(bad), error=hostile))
    for command in ("sweeps", "sweep latest", "best latest"):
        assert "\x1b" not in history.vivero(*command.split()).stdout


@pytest.mark.parametrize("words", ["delete --yes", "show", "logs", "metrics", "rerun", "download"])
def test_a_sweep_where_a_run_is_needed_is_said_to_be_one(words: str, history: History, two: Any) -> None:
    history.run()
    for text in (two[0].id, two[0].id[3:]):
        said = history.error(*words.split(), text)
        assert f"{two[0].id} is a sweep" in said and f"vivero sweep {two[0].id}" in said
    record = history.run("other")
    for command in ("sweep", "best"):
        assert f"vivero show {record.id}" in history.error(command, record.id[:10])
