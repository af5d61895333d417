"""Settings of endpoints, and the share of the traffic that a new version gets."""

from pathlib import Path
from typing import Any

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.deploy import Deployer, Target
from runner.endpoints.settings import check_settings
from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.layout import Layout
from runner.records import Deployment, EndpointRecord


@pytest.mark.parametrize("cpu", [0.0, float("inf"), float("nan")])
def test_cpu_is_a_finite_number(cpu: float) -> None:
    with pytest.raises(UserError, match="cpu="):
        check_settings(EndpointSettings(kind="docker", cpu=cpu))


class _Running:
    """Servers of an endpoint that is running. They take any switch."""

    def __init__(self) -> None:
        self.switched: list[EndpointRecord] = []

    def alive(self, _name: str) -> bool:
        return True

    def check(self, _deployments: Any) -> None:
        pass

    def switch(self, _old: EndpointRecord, new: EndpointRecord) -> None:
        self.switched.append(new)


class _Registry:
    def resolve(self, reference: str) -> Any:
        name, _, version = reference.partition(":")
        return Deployment(reference=reference, name=name, version=int(version))


def test_a_version_with_weight_0_gets_no_traffic(tmp_path: Path) -> None:
    layout, servers = Layout(tmp_path), _Running()
    first = Deployment(reference="iris:1", name="iris", version=1)
    record = EndpointRecord(name="iris", created="2026-01-01T00:00:00.000000Z", deployments=(first,))
    EndpointStore(layout).write(record)
    deployer = Deployer(layout, _Registry(), lambda _kind: servers)  # type: ignore[arg-type,return-value]
    deployer.deploy(Target("iris:2", weight=0.0, keeps_settings=True), EndpointSettings(name="iris"))
    (new,) = servers.switched
    assert [(one.version, one.weight) for one in new.deployments] == [(1, 1.0), (2, 0.0)]
