"""Who gets into a workspace."""

import itertools
import os
import stat
from pathlib import Path

import pytest

from runner.layout import Layout
from tests.support.attacks.hostile import STRANGER
from tests.support.command_line import CommandLine
from tests.support.components import missing
from tests.support.records import record_of


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o002, 0o077, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> int:
    before = os.umask(request.param)
    request.addfinalizer(lambda: os.umask(before))  # noqa: PT021 - as short as it gets
    return int(request.param)


def test_a_new_workspace_is_its_owners_alone(umask: int, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "workspace"
    assert Layout(root).create() is None
    assert mode(root) == 0o700
    assert mode(root.parent) == 0o777 & ~umask  # a folder of the user's own


@pytest.mark.parametrize(
    ("permissions", "inside"), [*itertools.product([0o755, 0o750, 0o711], [[], ["runs"], ["index.sqlite"]])]
)
def test_one_that_was_open_is_closed_once_and_said(permissions: int, inside: list[str], tmp_path: Path) -> None:
    for name in inside:
        (tmp_path / name).mkdir()
    tmp_path.chmod(permissions)
    said = Layout(tmp_path).create()
    assert said is not None and str(tmp_path) in said and len(said.splitlines()) == 1
    assert mode(tmp_path) == 0o700 and Layout(tmp_path).create() is None


@pytest.mark.parametrize("other", ["train.py", ".git", "src"])
def test_a_folder_of_the_users_own_stays_as_it_is(other: str, tmp_path: Path) -> None:
    (tmp_path / other).mkdir()
    tmp_path.chmod(0o755)
    assert Layout(tmp_path).create() is None and mode(tmp_path) == 0o755


def test_another_owners_workspace_that_is_trusted_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        missing("only root can give a folder away")
    tmp_path.chmod(0o755)
    os.chown(tmp_path, STRANGER, STRANGER)
    monkeypatch.setenv("VIVERO_TRUSTED", str(tmp_path))
    assert Layout(tmp_path).create() is None and mode(tmp_path) == 0o755


@pytest.mark.parametrize("several", [False, True], ids=["run", "sweep"])
def test_a_command_says_it_and_records_who_ran_it(several: bool, command_line: CommandLine) -> None:
    command_line.script("pass")
    command_line.workspace.mkdir()
    command_line.workspace.chmod(0o755)
    words = ["-m", "+job.arguments.n=1,2"] if several else []
    first, second = command_line.job(*words), command_line.job(*words)
    assert first.returncode == second.returncode == 0, first.stderr
    assert (first.stdout + first.stderr).count("now private") == 1
    assert "now private" not in second.stdout + second.stderr
    assert mode(command_line.workspace) == 0o700
    user = record_of(command_line)["user"]
    assert user and f"user        {user}\n" in command_line.vivero("show", "latest").stdout
    assert "USER" not in command_line.vivero("runs").stdout
