from pathlib import Path
from typing import Any

import pytest

from runner.layout import Layout
from runner.store.snapshots import FileSnapshotStore
from tests.contracts.snapshot_contract import SnapshotContract


class TestFileSnapshotStore(SnapshotContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Any:
        return lambda **limits: FileSnapshotStore(Layout(tmp_path / "workspace"), **limits)

    def test_the_workspace_in_the_source_is_left_out(self, source: Any, said: Any) -> None:
        store = FileSnapshotStore(Layout(source / ".vivero"))
        first = store.save(source, said.append)
        assert store.save(source, said.append) == first
        assert first.files == 2
