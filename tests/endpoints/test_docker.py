"""Endpoints that are containers keep to the contract."""

import pytest

from tests.contracts.servers_contract import ServersContract
from tests.environments.docker.conftest import BASE


class TestDocker(ServersContract):
    @pytest.fixture
    def settings(self, serving_environment, swept):
        self.swept = swept
        return ["--set", "kind=docker", "--set", f"base_image={BASE}", "--set", "port=0", "--set", "poll=0.05"]

    def moments(self, layout):
        yield lambda: True  # at once
        for state in ("created", "running"):
            yield lambda state=state: any(
                one.labels.get("vivero.generation") not in (None, "1") and one.status == state for one in self.swept()
            )
        record = layout.endpoint("iris").record
        before = record.read_bytes()
        yield lambda: record.read_bytes() != before
