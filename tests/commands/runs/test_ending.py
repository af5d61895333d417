"""``vivero cancel`` and ``vivero delete``."""

import pytest

from runner.io.locks import locked
from tests.support.history import History


def test_delete_removes_the_run_and_nothing_else(history: History) -> None:
    first, second = history.run(), history.run()
    done = history.vivero("delete", first.id, "--yes")
    assert done.returncode == 0 and first.id in done.stdout
    assert not history.folder_of(first).root.exists()
    assert [row["id"] for row in history.json("runs")] == [second.id]


def test_delete_asks_and_without_anybody_to_ask_removes_nothing(history: History) -> None:
    record = history.run()
    assert "--yes" in history.error("delete", "latest")
    assert history.folder_of(record).root.exists()


def test_delete_several_or_none(history: History) -> None:
    first, second = history.run(), history.run()
    history.error("delete", first.id, "unknown", "--yes")
    assert history.folder_of(first).root.exists()
    assert len(history.json("delete", first.id, second.id, "--yes")) == 2
    assert history.json("runs") == []


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_that_goes_on_is_not_deleted(status: str, history: History) -> None:
    record = history.run(status=status, ended=None)
    with locked(history.folder_of(record).controller_lock):
        assert "vivero cancel" in history.error("delete", record.id, "--yes")
    assert history.folder_of(record).root.exists()


def test_cancel_asks_a_run_to_end(history: History) -> None:
    config = {"environment": {"kind": "current"}, "compute": {"kind": "local"}, "job": {"source": "."}}
    record = history.run(status="running", ended=None, config=config)
    folder = history.folder_of(record)
    with locked(folder.controller_lock):
        done = history.vivero("cancel", "latest")
    assert done.returncode == 0, done.stderr
    assert record.id in done.stdout and folder.cancel.exists()


def test_cancel_what_has_ended(history: History) -> None:
    record = history.run()
    done = history.vivero("cancel", "latest")
    assert done.returncode == 0 and "already" in done.stdout
    assert history.json("cancel", "latest") == [{"id": record.id, "status": "completed"}]


def test_a_misspelt_run_cancels_nothing(history: History) -> None:
    record = history.run(status="running", ended=None)
    folder = history.folder_of(record)
    with locked(folder.controller_lock):
        history.error("cancel", record.id, "unknown")
    assert not folder.cancel.exists()
