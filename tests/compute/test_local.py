from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.compute.local.compute import LocalCompute
from runner.compute.local.job import ForkedJob
from runner.compute.local.prefork import AVAILABLE
from runner.environments.current import CurrentEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.contracts.compute_contract import ComputeContract
from tests.support.waiting import wait_for


def test_slots_as_set() -> None:
    assert LocalCompute(slots=3).scale().slots == 3


@pytest.mark.skipif(not AVAILABLE, reason="nothing is forked on this system")
class TestWarm(ComputeContract):
    @pytest.fixture
    def compute(self) -> Iterator[Any]:
        compute = LocalCompute(warm=True)
        yield compute
        compute.close()

    @pytest.fixture
    def handle(self, tmp_path: Path) -> Any:
        return CurrentEnvironment(Layout(tmp_path / "workspace")).prepare(LocalHost(), print)

    def test_it_was_forked(self, submit: Any) -> None:
        job, _run = submit("print('hello')")
        wait_for(lambda: job.wait(1), 30)
        assert isinstance(job, ForkedJob)
