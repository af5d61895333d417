"""What the tests of stores share."""

from pathlib import Path
from typing import Any

import pytest

from runner.layout import Layout
from runner.store.runs import FileRunStore
from tests.contracts.run_store_contract import make


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    """A workspace with ten runs."""
    layout = Layout(tmp_path / "w")
    for number in range(10):
        FileRunStore(layout).create(make(number))
    return layout
