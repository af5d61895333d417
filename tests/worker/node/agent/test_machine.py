"""The folder of a node."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.worker.node.agent.machine import own
from tests.support.attacks.hostile import STRANGER
from tests.support.components import missing


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Be one machine after the other."""

    def machine(name: Any) -> None:
        monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=name))

    return machine


def test_machines_that_share_a_home_have_a_folder_each(machine: Any, tmp_path: Path) -> None:
    root = str(tmp_path / "home" / ".vivero-node")
    machine("gpu1")
    assert own(root) == root
    machine("gpu2")
    assert own(root) == f"{root}-gpu2" and (tmp_path / "home" / ".vivero-node-gpu2").is_dir()
    assert own(root) == f"{root}-gpu2"
    machine("gpu1")
    assert own(root) == root
    assert sorted(path.name for path in Path(root).iterdir()) == ["machine"]


@pytest.mark.parametrize("why", ["belongs to another", "by others"])
def test_a_folder_that_others_have_made_or_can_write_is_not_taken(why: str, tmp_path: Path) -> None:
    """Programs are kept there and started from there: whoever can write it is this user."""
    root = tmp_path / "node"
    root.mkdir(mode=0o700)
    if why == "by others":
        root.chmod(0o770)
    elif os.geteuid() == 0:
        os.chown(root, STRANGER, STRANGER)
    else:
        missing("only root can give a folder away")
    with pytest.raises(OSError, match=why):
        own(str(root))
    assert not any(root.iterdir())


def test_a_link_to_a_folder_is_its_makers_too(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("only root can give a link away")
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "node").symlink_to(tmp_path / "own")
    own(str(tmp_path / "node"))
    os.chown(tmp_path / "node", STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(OSError, match="belongs to another"):
        own(str(tmp_path / "node"))
