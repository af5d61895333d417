"""The controller's end of an agent."""

from pathlib import Path

import pytest

from runner.hosts.remote.client import Client
from runner.hosts.remote.link import UnreachableError
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


class _Lost(Wire):
    """A connection that is lost in one of the ways in which links report it, while an agent starts."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self._way, self._is_cut = way, False

    @property
    def is_alive(self) -> bool:
        return not self._is_cut

    def recv(self, _count: int, /) -> bytes:
        self._is_cut = True
        if self._way == "error":
            raise OSError("in <TLS (closed) Scheduler Broadcast>: Stream is closed")
        if self._way == "silence":
            raise TimeoutError
        return b""


@pytest.mark.parametrize("way", ["error", "silence", "end"])
def test_a_node_that_is_lost_while_its_agent_starts_is_unreachable_and_its_python_is_not_blamed(way: str) -> None:
    """Its runs start again elsewhere; otherwise they would fail."""
    wire = _Lost(way)
    try:
        with pytest.raises(UnreachableError):
            Client(wire, "python3")
    finally:
        wire.close()
