"""Endpoints that are containers keep to the contract."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.layout import Layout
from tests.contracts.servers_contract import ServersContract
from tests.support.engine import BASE
from tests.support.suite.covered import SERVED_CONTAINERS

pytestmark = pytest.mark.sampled(5, covers=SERVED_CONTAINERS)


class TestDocker(ServersContract):
    @pytest.fixture
    def settings(self, environment_is_known: Any, swept: Any) -> Any:
        self.swept = swept
        return ["--set", "kind=docker", "--set", f"base_image={BASE}", "--set", "port=0", "--set", "poll=0.05"]

    def _has_another(self, state: str) -> bool:
        """Tell whether a container of another generation is in a state."""
        return any(
            container.labels.get("vivero.generation") not in (None, "1") and container.status == state
            for container in self.swept()
        )

    def moments(self, layout: Layout) -> Iterator[Callable[[], bool]]:
        yield lambda: True  # at once
        for state in ("created", "running"):
            yield functools.partial(self._has_another, state)
        record = layout.endpoint("iris").record
        before = record.read_bytes()
        yield lambda: record.read_bytes() != before
