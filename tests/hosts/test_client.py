"""The controller's end of an agent."""

from pathlib import Path

import pytest

from runner.hosts.remote.client import Client
from tests.support.hosts.wire import Wire


def test_files_in_the_home_folder_of_a_node_do_not_hide_the_modules_of_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent starts in the home folder, where people keep files such as ``platform.py``."""
    for name in ("json", "platform", "tarfile", "importlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user was imported')\n")
    monkeypatch.chdir(tmp_path)
    wire = Wire()
    try:
        client = Client(wire, "python3")
        assert client.ask("missing", paths=[str(tmp_path), "/no/such/path"]).result()["missing"] == ["/no/such/path"]
        client.close()
    finally:
        wire.close()
