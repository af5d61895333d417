"""The contract of computes, for every row of the table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.config.computes import COMPUTES, compute_kind
from runner.environments.current import CurrentEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.contracts.compute_contract import ComputeContract

CLUSTERS = [kind for kind in COMPUTES if compute_kind(kind).machines is not None]


@pytest.mark.parametrize("kind", sorted(set(COMPUTES) - set(CLUSTERS)))
class TestKinds(ComputeContract):
    """Kinds that need no other machines, with their default settings."""

    @pytest.fixture
    def compute(self, kind: str, tmp_path: Path) -> Iterator[Any]:
        compute = compute_kind(kind).make(COMPUTES[kind](), tmp_path, several=False, say=print)
        yield compute
        compute.close()

    @pytest.fixture
    def handle(self, tmp_path: Path) -> Any:
        return CurrentEnvironment(Layout(tmp_path / "workspace")).prepare(LocalHost(), print)


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"compute\.kind=locale does not exist. Did you mean 'local'"):
        compute_kind("locale")
    assert "locale" not in COMPUTES


@pytest.mark.parametrize("kind", CLUSTERS)
def test_a_cluster_has_the_contract_with_machines_of_its_own(kind: str) -> None:
    suite = Path(__file__).parent / kind / "test_runs.py"
    assert "class TestCompute(ClusterComputeContract)" in suite.read_text()
