"""What the programs of a node do with its folder."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runner" / "worker"))
import agent
import minding


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Be one machine after the other."""

    def machine(name: Any) -> None:
        monkeypatch.setattr(agent.os, "uname", lambda: SimpleNamespace(nodename=name))

    return machine


def test_machines_that_share_a_home_have_a_folder_each(machine: Any, tmp_path: Path) -> None:
    root = str(tmp_path / "home" / ".vivero-node")
    machine("gpu1")
    assert agent.own(root) == root
    machine("gpu2")
    assert agent.own(root) == f"{root}-gpu2" and (tmp_path / "home" / ".vivero-node-gpu2").is_dir()
    assert agent.own(root) == f"{root}-gpu2"
    machine("gpu1")
    assert agent.own(root) == root
    assert sorted(path.name for path in Path(root).iterdir()) == ["machine"]


def test_what_was_being_written_by_who_was_killed_is_not_told(tmp_path: Path) -> None:
    for name in ("result.json", ".result.json.77.tmp", "work/.mine.1.tmp", "logs/run.log"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert sorted(name for name, _ in minding.walk(str(tmp_path))) == [
        "logs/run.log",
        "result.json",
        "work/.mine.1.tmp",
    ]
