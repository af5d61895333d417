"""A studio on a workspace with some runs, for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.studio.workspaces import studio, write_runs

COUNT = 120


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("studio") / "team" / ".vivero"
    write_runs(root, COUNT, points=40)
    return root


@pytest.fixture(scope="module")
def site(workspace: Path) -> Iterator[str]:
    with studio("--workspace", str(workspace)) as address:
        yield address
