"""Endpoints that are processes of this machine keep to the contract."""

import pytest

from tests.contracts.servers_contract import ServersContract


class TestLocal(ServersContract):
    @pytest.fixture
    def settings(self):
        return ["--set", "port=0", "--set", "poll=0.05"]

    def moments(self, layout):
        yield lambda: False  # it has ended
        yield lambda: True  # at once
        record = layout.endpoint("iris").record
        before = record.read_bytes()
        yield lambda: record.read_bytes() != before
