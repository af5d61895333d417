import pytest

from runner.compute.local import LocalCompute
from runner.environments.current import CurrentEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.contracts.compute_contract import ComputeContract


class TestLocal(ComputeContract):
    @pytest.fixture
    def compute(self):
        return LocalCompute()

    @pytest.fixture
    def handle(self, tmp_path):
        return CurrentEnvironment(Layout(tmp_path / "workspace")).prepare(LocalHost(), print)

    def test_slots_as_set(self):
        assert LocalCompute(slots=3).scale().slots == 3
