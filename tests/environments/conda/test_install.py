"""A lock in a folder, right for the place where it will be used."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.install import install
from runner.environments.conda.lock import read_lock
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from tests.contracts.environment_contract import said


@pytest.fixture
def lock(make: Any, host: Host) -> Any:
    return make(pip=["tabulate"]).lock(host, said)


def test_everything_names_the_other_prefix_and_nothing_the_folder(lock: Any, layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "image" / "opt" / "vivero"
    install(lock, folder, "/opt/vivero", said, WheelStore(layout))
    assert (folder / "bin" / "banner").read_text().endswith("of /opt/vivero\n")
    assert (folder / "lib" / "banner.bin").read_bytes().startswith(b"\0\1/opt/vivero/share\0")
    for script in ("greet", "tabulate"):
        assert (folder / "bin" / script).read_text().startswith("#!/opt/vivero/bin/python")
    holding = subprocess.run(
        ["grep", "-rl", "--exclude=*.pyc", str(folder), str(folder)], capture_output=True, text=True
    )
    assert holding.stdout == ""


def test_what_is_put_at_its_prefix_runs_there(lock: Any, layout: Layout, tmp_path: Path) -> None:
    folder, prefix = tmp_path / "made", tmp_path / "used"
    install(lock, folder, str(prefix), said, WheelStore(layout))
    folder.rename(prefix)
    assert subprocess.check_output([str(prefix / "bin" / "greet")], text=True).strip() == f"hello from {prefix}"
    assert subprocess.check_output([str(prefix / "bin" / "tabulate"), "--help"], text=True).startswith("Usage")


def test_the_pip_part_is_checked_against_its_hashes(lock: Any, layout: Layout, tmp_path: Path) -> None:
    digest = read_lock(lock).pip.partition("sha256:")[2][:64]
    wrong = lock.replace(read_lock(lock).pip, "tabulate==0.9.0 --hash=sha256:" + "0" * 64 + "\n")
    assert digest not in wrong
    with pytest.raises(UserError, match=r"Hash mismatch for .tabulate"):
        install(wrong, tmp_path / "e", "/opt/vivero", said, WheelStore(layout))
