"""Sweeps on disk: the record, the journal, and that a kill takes neither."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.io.files import write_json
from runner.layout import Layout
from runner.sweeps.ranking.best import best_trials
from runner.sweeps.store import SweepStore
from tests.support.suite.pace import slowdown
from tests.support.sweeps import ACCURACY, SECONDS, sweep, trial


@pytest.fixture
def store(tmp_path: Path) -> Any:
    return SweepStore(Layout(tmp_path))


def journal(store: Any, record: Any) -> Any:
    return store.layout.sweep(record.id).journal


def test_what_was_written_is_read(store: Any) -> None:
    record = sweep(trial(0, 0.9))
    store.create(record)
    assert store.read(record.id) == record
    with pytest.raises(UserError, match="already exists"):
        store.create(record)


def test_list_is_newest_first(store: Any) -> None:
    for number in (2, 3, 1):
        store.create(sweep(number=number))
    assert [record.created[17:19] for record in store.list()] == ["03", "02", "01"]
    assert store.ids() == sorted(store.ids())


def test_find_by_id_part_and_latest(store: Any) -> None:
    records = [sweep(number=number) for number in range(1, 4)]
    for record in records:
        store.create(record)
    assert store.find(records[0].id) == store.find("00000001") == records[0]
    assert store.find("latest") == records[2]


@pytest.mark.parametrize("newest", range(4))
def test_the_latest_of_one_second_is_the_one_created_last(store: Any, newest: int) -> None:
    records = []
    for number in range(4):
        moment = 900_000 if number == newest else number
        created = f"2026-07-01T12:00:07.{moment:06d}Z"
        records.append(sweep(id=f"iris-sweep-20260701-120007-{number:08x}", created=created))
        store.create(records[-1])
    assert store.find("latest") == records[newest] == next(iter(store.list()))


@pytest.mark.parametrize(
    ("text", "message"),
    [("iris", "matches 3 sweeps"), ("nothere", "No sweep matches 'nothere'"), ("../x", "No sweep"), ("", "No")],
)
def test_what_is_not_one_sweep(text: str, message: str, store: Any) -> None:
    for number in range(1, 4):
        store.create(sweep(number=number))
    with pytest.raises(UserError, match=message):
        store.find(text)
    with pytest.raises(UserError, match="No sweep"):
        store.read(text)


def test_none_yet(store: Any) -> None:
    assert list(store.list()) == [] and store.ids() == []
    with pytest.raises(UserError, match="no sweeps"):
        store.find("latest")


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"format": 99}', "format 99"), ("{", "damaged"), ("[]", "not a record"), ('{"format": 1}', "damaged")],
)
def test_a_record_that_cannot_be_read_is_named(text: str, message: str, store: Any) -> None:
    record = sweep()
    store.create(record)
    store.layout.sweep(record.id).record.write_text(text)
    with pytest.raises(UserError, match=message) as raised:
        store.read(record.id)
    assert "sweep.json" in str(raised.value)


def test_a_later_line_of_the_journal_wins(store: Any) -> None:
    record = sweep(trial(0, status="running", ended=None), state="running", ended=None)
    store.create(record)
    store.append(record.id, {"number": 0, "attempt": 1, "status": "failed", "reason": "exit code 1"})
    store.append(record.id, trial(1, 0.7).to_json())
    store.append(
        record.id, {"number": 0, "attempt": 2, "status": "completed", "reason": None, "metrics": {"Accuracy": 0.8}}
    )
    replayed = store.replay(record)
    assert [entry.number for entry in replayed.trials] == [0, 1]
    first = replayed.trials[0]
    assert (first.status, first.reason, first.attempt, first.metrics) == ("completed", None, 2, {"Accuracy": 0.8})
    assert first.parameters == record.trials[0].parameters
    assert replayed.best == (0,)


def test_a_line_that_a_kill_cut_off_is_ignored_and_mended(store: Any) -> None:
    record = sweep(trial(0, status="running"), state="running")
    store.create(record)
    store.append(record.id, {"number": 0, "status": "completed"})
    with journal(store, record).open("ab") as file:
        file.write(b'{"number": 0, "status": "fai')
    assert store.replay(record).trials[0].status == "completed"
    SweepStore(store.layout).append(record.id, {"number": 0, "status": "canceled"})
    assert store.replay(record).trials[0].status == "canceled"


def test_a_damaged_journal_is_named(store: Any) -> None:
    record = sweep()
    store.create(record)
    journal(store, record).write_text("nonsense\n")
    with pytest.raises(UserError, match=r"trials\.jsonl is damaged"):
        store.replay(record)


def test_unknown_fields_survive(store: Any) -> None:
    record = sweep(trial(0))
    store.create(record)
    path = store.layout.sweep(record.id).record
    write_json(path, {**json.loads(path.read_text()), "colour": "red"})
    store.write(store.read(record.id))
    assert json.loads(path.read_text())["colour"] == "red"


def test_a_thousand_trials_are_quick(store: Any) -> None:
    trials = [trial(number, number / 1000) for number in range(1000)]
    record = sweep(*trials)
    store.create(record)
    for trial_record in trials:
        store.append(record.id, {**trial_record.to_json(), "status": "running"})
        store.append(record.id, trial_record.to_json())
    begun = time.process_time()
    replayed = store.replay(store.read(record.id))
    assert replayed.trials == record.trials and replayed.best == (999,)
    assert time.process_time() - begun < slowdown()
    assert (store.layout.sweep(record.id).root / "sweep.json").exists()


def test_the_best_of_one_objective() -> None:
    trials = [trial(0, 0.9), trial(1, 0.95), trial(2, 0.95), trial(3, 0.99, status="canceled"), trial(4)]
    assert best_trials([ACCURACY], trials) == (1,)
    assert best_trials([SECONDS], trials) == best_trials([], trials) == ()


def test_the_pareto_front() -> None:
    values = [(0.9, 5), (0.8, 1), (0.7, 2), (0.9, 4), (0.95, 9), (None, 0)]
    trials = [trial(number, a, metrics={"seconds": s}) for number, (a, s) in enumerate(values)]
    assert best_trials([ACCURACY, SECONDS], trials) == (1, 3, 4)


def test_no_number_is_never_best() -> None:
    assert best_trials([ACCURACY], [trial(0, "NaN"), trial(1, float("nan")), trial(2, True), trial(3, 0.1)]) == (3,)
