"""The contract of run stores. Inherit the class and define `store`, an empty one."""

import dataclasses
from typing import Any

import pytest

from runner.errors import UserError
from runner.records import FinalizeRecord, RunRecord


def make(number: Any, status: str = "completed", **changes: Any) -> Any:
    time = f"2026-01-01T00:00:{number:02d}.000000Z"
    record = RunRecord(
        id=f"e-20260101-0000{number:02d}-{number:08x}", experiment="e", status=status, created=time, ended=time,
        tags={"team": "a" if number % 2 else "b"}, finalize=FinalizeRecord(metrics={"accuracy": number / 10}),
    )  # fmt: skip
    return dataclasses.replace(record, **changes)


class RunStoreContract:
    @pytest.fixture
    def full(self, store: Any) -> Any:
        for number in range(10):
            store.create(make(number))
        return store

    def test_what_was_written_is_read(self, store: Any) -> None:
        store.create(make(1, status="running"))
        store.write(make(1))
        assert store.read(make(1).id) == make(1)

    def test_find_by_id_part_and_latest(self, full: Any) -> None:
        assert full.find(make(3).id) == make(3)
        assert full.find("00000003") == make(3)
        assert full.find("latest") == make(9)

    @pytest.mark.parametrize(
        ("text", "message"), [("e-2026", "matches 10 runs"), ("nothere", "No run matches 'nothere'")]
    )
    def test_what_is_not_one_run(self, text: str, message: str, full: Any) -> None:
        with pytest.raises(UserError, match=message):
            full.find(text)

    def test_of_many_runs_that_a_part_fits_the_newest_five_are_named(self, full: Any) -> None:
        with pytest.raises(UserError) as error:
            full.find("e-2026")
        assert [number for number in range(10) if make(number).id in str(error.value)] == [5, 6, 7, 8, 9]

    @pytest.mark.parametrize(("many", "advice"), [(1, "Did you mean"), (5, "Did you mean"), (6, "See: vivero runs")])
    def test_a_mistyped_id_of_few_is_corrected_and_of_many_the_list_is_named(
        self, many: int, advice: str, store: Any
    ) -> None:
        for number in range(many):
            store.create(make(number))
        with pytest.raises(UserError, match=advice) as error:
            store.find(make(0).id.replace("e-", "f-"))
        assert (make(0).id in str(error.value)) == (advice == "Did you mean")

    @pytest.mark.parametrize("run_id", ["nothere", "../e", "", ".", "e\0"])
    def test_an_id_that_is_none(self, run_id: str, full: Any) -> None:
        with pytest.raises(UserError):
            full.read(run_id)

    def test_nothing_is_there_yet(self, store: Any) -> None:
        assert list(store.list()) == []
        with pytest.raises(UserError, match="no runs"):
            store.find("latest")

    def test_list_is_newest_first_and_of_an_experiment(self, full: Any) -> None:
        full.create(make(11, experiment="f", id="f-20260101-000011-0000000b"))
        assert [run.id for run in full.list()][:2] == ["f-20260101-000011-0000000b", make(9).id]
        assert [run.experiment for run in full.list("f")] == ["f"]

    def test_an_id_is_taken_once(self, full: Any) -> None:
        with pytest.raises(UserError, match="already"):
            full.create(make(3))

    def test_only_what_has_ended_is_deleted(self, full: Any) -> None:
        full.create(make(11, status="running"))
        with pytest.raises(UserError, match="vivero cancel"):
            full.delete(make(11).id)
        full.delete(make(3).id)
        with pytest.raises(UserError):
            full.read(make(3).id)
        assert len(list(full.list())) == 10

    def test_unknown_fields_survive_a_rewrite(self, store: Any) -> None:
        store.create(RunRecord.from_json({**make(1).to_json(), "colour": "red"}))
        store.write(dataclasses.replace(store.read(make(1).id), status="failed"))
        assert store.read(make(1).id).to_json()["colour"] == "red"
