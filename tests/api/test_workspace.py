"""Opening a workspace, and what is found in it."""

from pathlib import Path
from typing import Any

import pytest

import runner.api
from runner.api import UserError, Workspace
from tests.support.history import History


def test_everything_exported_is_there() -> None:
    for name in runner.api.__all__:
        assert getattr(runner.api, name).__name__ == name
    assert set(dir(runner.api)) == set(runner.api.__all__)
    with pytest.raises(AttributeError, match="Worksapce"):
        _ = runner.api.Worksapce


def test_a_workspace_is_searched_for_as_commands_do(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    below = history.folder / "deep" / "down"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Workspace().root == history.layout.root
    monkeypatch.setenv("VIVERO_WORKSPACE", str(history.folder / "none"))
    with pytest.raises(UserError, match="No workspace at"):
        Workspace()


def test_a_workspace_is_created_only_if_asked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No workspace at"):
        Workspace(tmp_path / "new")
    assert Workspace(tmp_path / "new", create=True).runs().total == 0
    assert Workspace(tmp_path / "new") == Workspace(str(tmp_path / "new"))


def test_a_run_by_id_part_latest_and_child(history: History, workspace: Workspace, full_child: Any) -> None:
    record, child = full_child
    for text in (record.id, record.id[-8:], "latest"):
        assert workspace.run(text).id == record.id
    run = workspace.run(child)
    assert (run.id, run.status, run.metrics) == (child, "completed", {"fold": 0.9})
    assert run in workspace.run("latest").children() and run.experiment == "iris"
    assert list(run.history()) == ["fold"]
    for change in (lambda: run.tag("a", "b"), run.delete, run.cancel):
        with pytest.raises(UserError, match=f"child run.*Do it with run {record.id}"):
            change()
    for text in ("nope", f"{record.id}_7"):
        with pytest.raises(UserError):
            workspace.run(text)


@pytest.fixture
def full_child(history: History) -> tuple[Any, str]:
    record = history.run()
    folder = history.folder_of(record).children / f"{record.id}_1"
    folder.mkdir(parents=True)
    (folder / "child.json").write_text(
        f'{{"id": "{record.id}_1", "number": 1, "name": "fold 1", "status": "completed"}}'
    )
    (folder / "metrics.jsonl").write_text('{"name": "fold", "value": 0.9}\n')
    return record, f"{record.id}_1"


def test_experiments_and_environments(history: History, workspace: Workspace) -> None:
    history.run("wine")
    history.run("iris")
    assert workspace.experiments() == ["iris", "wine"]
    assert workspace.environments() == [] and list(workspace.endpoints) == [] and workspace.sweeps() == []


def test_a_compute_without_nodes_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="compute=local does not have nodes"):
        workspace.nodes()
