"""Endpoints that are processes of this machine keep to the contract."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.layout import Layout
from tests.contracts.servers_contract import ServersContract


class TestLocal(ServersContract):
    @pytest.fixture
    def settings(self) -> Any:
        return ["--set", "port=0", "--set", "poll=0.05"]

    def moments(self, layout: Layout) -> Iterator[Callable[[], bool]]:
        yield lambda: False  # it has ended
        yield lambda: True  # at once
        record = layout.endpoint("iris").record
        before = record.read_bytes()
        yield lambda: record.read_bytes() != before
