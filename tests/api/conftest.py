"""A workspace with a history, and one in which scripts run."""

import pytest

from runner.api import Workspace
from tests.support.command_line import CommandLine
from tests.support.history import History


@pytest.fixture
def history(command_line: CommandLine) -> History:
    return History(command_line)


@pytest.fixture
def workspace(history: History) -> Workspace:
    return Workspace(history.layout.root)


@pytest.fixture
def started(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace of a folder with ``src``, from which runs are submitted."""
    monkeypatch.chdir(command_line.folder)
    return Workspace(command_line.workspace, create=True)
