"""Runs as files."""

from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.store.runs import FileRunStore
from tests.contracts.run_store_contract import RunStoreContract, make


class TestFiles(RunStoreContract):
    @pytest.fixture
    def layout(self, tmp_path: Path) -> Any:
        return Layout(tmp_path / "w")

    @pytest.fixture
    def store(self, layout: Layout) -> Any:
        return FileRunStore(layout)

    def test_damage_hides_nothing_else(self, full: Any, layout: Layout) -> None:
        layout.run("e", make(3).id).record.write_text("{")
        assert len(list(full.list())) == 9
        assert full.find("latest") == make(9)

    def test_where_no_run_can_be_read_the_newest_says_why(self, full: Any, layout: Layout) -> None:
        for number in range(10):
            layout.run("e", make(number).id).record.write_text("{")
        with pytest.raises(UserError, match=f"{make(9).id}.* is damaged"):
            full.find("latest")
