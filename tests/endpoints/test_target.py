"""The share of the traffic that a new version gets, and what becomes of the versions before it."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runner.api import Workspace
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.deploy import Deployer, new_endpoint
from runner.endpoints.store import EndpointStore
from runner.endpoints.target import Target, beside
from runner.errors import UserError
from runner.layout import Layout
from runner.records import Deployment, EndpointRecord


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


def one(version: int, weight: float = 1.0, *, mirror: bool = False, name: str = "iris") -> Deployment:
    return Deployment(reference=f"{name}:{version}", name=name, version=version, weight=weight, mirror=mirror)


@pytest.fixture
def store(tmp_path: Path) -> EndpointStore:
    return EndpointStore(Layout(tmp_path))


def test_a_version_with_weight_0_gets_no_traffic(tmp_path: Path) -> None:
    layout, servers = Layout(tmp_path), _Running()
    first = Deployment(reference="iris:1", name="iris", version=1)
    record = EndpointRecord(name="iris", created="2026-01-01T00:00:00.000000Z", deployments=(first,))
    EndpointStore(layout).write(record)
    deployer = Deployer(layout, _Registry(), lambda _kind: servers)  # type: ignore[arg-type,return-value]
    deployer.deploy(Target("iris:2", weight=0.0, keeps_settings=True), EndpointSettings(name="iris"))
    (new,) = servers.switched
    assert [(deployment.version, deployment.weight) for deployment in new.deployments] == [(1, 1.0), (2, 0.0)]


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan, math.inf, True, "0.5", [0.5]])
def test_a_weight_is_a_share(weight: Any, tmp_path: Path) -> None:
    """In the Python API as in the command."""
    with pytest.raises(UserError, match=r"weight=.* is not a share between 0 and 1"):
        Workspace(tmp_path / "w", create=True).endpoints.deploy("iris", weight=weight)


def test_a_mirror_has_no_weight() -> None:
    with pytest.raises(UserError, match="no weight"):
        Target("iris:2", weight=0.5, mirror=True)


VERSIONS = some.builds(one, some.integers(1, 4), some.floats(0, 1), mirror=some.booleans())


@given(
    there=some.lists(VERSIONS, max_size=4, unique_by=lambda each: each.version),
    version=some.integers(1, 5),
    weight=some.none() | some.floats(0, 1),
    mirror=some.booleans(),
)
def test_no_version_is_lost_without_being_replaced(
    there: list[Deployment], version: int, weight: float | None, mirror: bool
) -> None:
    target = Target(f"iris:{version}", weight=None if mirror else weight, mirror=mirror)
    digits, new = one(1, name="digits"), one(version, target.share, mirror=mirror)
    answering = [each for each in there if not each.mirror and each.weight > 0 and each.version != version]
    if not answering and (mirror or target.share < 1):
        with pytest.raises(UserError, match="No other version of iris would answer"):
            beside((digits, *there), new, target)
        return
    found = beside((digits, *there), new, target)
    assert found[0] == digits and found[-1] == new
    versions = {each.version for each in found if each.name == "iris"}
    if not mirror and target.share == 1:
        assert versions == {version}
        return
    mirrors = {each.version for each in there if each.mirror and each.version != version}
    assert {each.version for each in answering if each.weight > 1e-5} <= versions or target.share > 0.99999
    assert (mirrors if not mirror else set()) <= versions
    if not mirror:
        shares = [each.weight for each in found if each.name == "iris" and not each.mirror]
        assert math.isclose(sum(shares), 1, abs_tol=1e-5)


def test_the_last_20_deployments_are_kept(store: EndpointStore) -> None:
    """Whether a running endpoint is switched or a stopped one starts with another version."""
    servers, settings = _Running(), EndpointSettings(name="iris", port=0)
    deployer = Deployer(store.layout, _Registry(), lambda _kind: servers)  # type: ignore[arg-type,return-value]
    store.write(EndpointRecord(name="iris", created="2026-01-01T00:00:00.000000Z", deployments=(one(1),)))
    for version in range(2, 24):
        deployer.deploy(Target(f"iris:{version}", keeps_settings=True), settings)
        store.write(servers.switched[-1])
    assert [kept[0].version for kept in store.read("iris").history] == list(range(3, 23))
    for version in range(24, 30):
        new_endpoint(store.layout, [f"iris:{version}"], settings, registry=_Registry(), servers=_Stopped())  # type: ignore[arg-type]
    assert [kept[0].version for kept in store.read("iris").history] == list(range(9, 29))
    new_endpoint(store.layout, ["iris:29"], settings, registry=_Registry(), servers=_Stopped())  # type: ignore[arg-type]
    assert [kept[0].version for kept in store.read("iris").history] == list(range(9, 29))


class _Stopped(_Running):
    """Servers of an endpoint that is not running."""

    def alive(self, _name: str) -> bool:
        return False

    def prepare(self, record: EndpointRecord, _models: Any) -> EndpointRecord:
        return record
