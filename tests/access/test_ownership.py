"""What is trusted, and where a workspace is looked for."""

import os
from pathlib import Path
from typing import Any

import pytest

from runner.access import ownership
from runner.errors import UserError
from runner.workspaces import CEILINGS, FOLDER, default_root, find_workspace, trusted_workspace
from tests.support.attacks.hostile import STRANGER, give_away
from tests.support.components import missing


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "project" / FOLDER
    root.mkdir(parents=True)
    (root.parent / "below").mkdir()
    return root


@pytest.fixture(params=["others own", "others write"])
def foreign(request: pytest.FixtureRequest, workspace: Path) -> Path:
    if request.param == "others write":
        workspace.chmod(0o777)
    elif os.geteuid() == 0:
        give_away(workspace)
    else:
        missing("only root can give a folder away")
    return workspace


def test_a_foreign_workspace_above_is_refused(foreign: Path) -> None:
    with pytest.raises(UserError, match=f"The workspace {foreign} .*{ownership.VARIABLE}={foreign}$"):
        default_root(foreign.parent / "below")


def test_a_foreign_workspace_that_is_named_is_read_and_nothing_else(foreign: Path) -> None:
    assert find_workspace(str(foreign)).root == foreign
    with pytest.raises(UserError, match="so it is not used"):
        trusted_workspace(str(foreign))


def test_a_foreign_workspace_is_trusted_by_its_path(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ownership.VARIABLE, f"{foreign}x:{foreign.parent}")
    assert not ownership.is_trusted(foreign)
    monkeypatch.setenv(ownership.VARIABLE, f"/elsewhere:{foreign}/")
    assert default_root(foreign.parent / "below") == trusted_workspace(str(foreign)).root == foreign
    ownership.check(foreign, foreign)


def test_the_search_does_not_go_above_home(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = workspace.parent / "below"
    (home / "deep").mkdir()
    assert default_root(home / "deep") == workspace
    monkeypatch.setenv("HOME", str(home))
    assert default_root(home / "deep") == home / "deep" / FOLDER
    (home / FOLDER).mkdir()
    assert default_root(home / "deep") == default_root(home) == home / FOLDER
    assert default_root(home.parent) == workspace  # which is not below home


def test_a_home_folder_behind_a_link(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = workspace.parent / "below"
    (workspace.parent / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(workspace.parent / "link"))
    assert default_root(home) == home / FOLDER


def test_the_search_stays_on_one_file_system(small_disk: Any, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (small_disk / "deep").mkdir()
    assert default_root(small_disk / "deep") == small_disk / "deep" / FOLDER
    (small_disk / ".git").mkdir()
    assert default_root(small_disk / "deep") == small_disk / FOLDER


def test_the_search_stops_below_a_ceiling(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CEILINGS, str(workspace.parent))
    assert default_root(workspace.parent / "below") == workspace.parent / "below" / FOLDER


def test_a_link_to_a_workspace_is_taken_if_both_are_ours(workspace: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(workspace)
    ownership.check_workspace(link)
    workspace.chmod(0o777)
    with pytest.raises(UserError, match="can be written by others"):
        ownership.check_workspace(link)


@pytest.mark.parametrize(
    ("mode", "group", "fine"),
    [(0o755, STRANGER, True), (0o775, 0, True), (0o775, STRANGER, False), (0o757, 0, False), (0o600, STRANGER, True)],
)
def test_only_a_group_of_its_own_may_write(mode: int, group: int, fine: bool, workspace: Path) -> None:
    if os.geteuid() != 0:
        missing("only root can give a folder to another group")
    os.chown(workspace, 0, group)
    workspace.chmod(mode)
    assert ownership.is_trusted(workspace) == fine


def test_modes_in_a_workspace_that_nobody_else_enters_do_not_count(workspace: Path) -> None:
    inside = workspace / "environments"
    inside.mkdir()
    inside.chmod(0o777)
    with pytest.raises(UserError, match="environments can be written by others"):
        ownership.check(workspace, inside)
    workspace.chmod(0o700)
    ownership.check(workspace, inside)


def test_what_is_not_there_is_passed_over_and_a_link_is_not(workspace: Path) -> None:
    ownership.check(workspace, workspace / "absent", workspace)
    (workspace / "link").symlink_to("absent")
    ownership.check(workspace, workspace / "link", link=True)
    with pytest.raises(UserError, match="link is a link, so it is not used"):
        ownership.check(workspace, workspace / "link")


@pytest.mark.parametrize("how", ["closed", "open", "others write", "others own", "another's link", "deeper"])
def test_a_folder_that_was_moved_is_looked_at_where_it_lies(how: str, workspace: Path, tmp_path: Path) -> None:
    workspace.chmod(0o700)  # which says nothing of what is elsewhere
    disk, link = tmp_path / "disk", workspace / "runs"
    (disk / "iris").mkdir(parents=True)
    disk.chmod({"closed": 0o700, "others write": 0o777}.get(how, 0o755))
    (disk / "iris").chmod(0o777 if how == "closed" else 0o755)
    if how == "deeper":
        link.mkdir()
        link = link / "deep"
    link.symlink_to(disk)
    if how in ("others own", "another's link"):
        if os.geteuid() != 0:
            missing("only root can give a folder away")
        os.chown(disk if how == "others own" else link, STRANGER, STRANGER, follow_symlinks=False)
    if how in ("closed", "open"):
        ownership.check(workspace, link, link / "iris")
        return
    with pytest.raises(UserError, match="so it is not used"):
        ownership.check(workspace, link, link / "iris")
    if how == "others write":
        with pytest.raises(UserError, match="can be written by others, so it is not used"):
            ownership.check(workspace, link / "iris")
