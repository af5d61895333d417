"""From a model's reference to an endpoint that is ready to be started."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import Any

from runner.clock import now
from runner.endpoint_settings import EndpointSettings
from runner.endpoints.environment import misfits, requirements
from runner.endpoints.launch import check_settings, choose_port, settle, start
from runner.endpoints.store import KEY_NAMES, EndpointStore
from runner.errors import UserError
from runner.files import locked
from runner.layout import Layout
from runner.names import check_name
from runner.ports import Environment, Host, Registry, Say
from runner.records import Deployment, EndpointRecord, ModelRecord


@dataclasses.dataclass(frozen=True)
class Target:
    """What is to be deployed, and how beside what is there."""

    reference: str
    weight: float | None = None
    mirror: bool = False
    changes_settings: bool = False
    keeps_settings: bool = False  # of an endpoint that was served before


@dataclasses.dataclass(frozen=True)
class Deployed:
    """What came of it; `keys` are those just made."""

    endpoint: str
    address: str
    models: list[str]
    keys: dict[str, str]


MakeEnvironment = Callable[[list[str], str], Environment]
"""Returns the environment of some packages and a Python."""


def deployment(registry: Registry, reference: str, *, weight: float = 1.0, mirror: bool = False) -> Deployment:
    """Return what a reference stands for now: ``NAME``, ``NAME:3``, ``NAME@champion``."""
    record = registry.resolve(reference)
    return Deployment(reference=reference, name=record.name, version=record.version, weight=weight, mirror=mirror)


def find_python(
    records: Sequence[ModelRecord], settings: EndpointSettings, make: MakeEnvironment, host: Host, say: Say
) -> str:
    """Return the interpreter that serves some models: this one if it is theirs, else one built from the first's lock.

    Raises
    ------
    UserError
        If they do not go together, or the environment cannot be built.
    """
    first = records[0]
    for other in records[1:]:
        if _framework(other).split(".")[:2] != _framework(first).split(".")[:2] and not settings.allow_version_mismatch:
            raise UserError(
                f"{first.name}:{first.version} is of scikit-learn {_framework(first)}, "
                f"{other.name}:{other.version} of {_framework(other)}: one server cannot have both",
                "Deploy them as two endpoints",
            )
    wrong = misfits(first, settings.accelerate)
    if not wrong:
        return sys.executable
    if settings.allow_version_mismatch:
        say(f"Serving in the current Python although {', '.join(wrong)}")
        return sys.executable
    say(f"The current Python is not the model's ({', '.join(wrong[:3])}): its own is made")
    packages, python = requirements(first, settings.accelerate)
    return make(packages, python).prepare(host, say).argv(["python"])[0]


def _framework(record: ModelRecord) -> str:
    own = record.inspection.framework_version if record.inspection else None
    return own or record.framework_version or ""


def new_endpoint(
    layout: Layout, references: Sequence[str], settings: EndpointSettings, *, registry: Registry,
    make: MakeEnvironment, host: Host, say: Say,
) -> tuple[EndpointRecord, dict[str, str]]:  # fmt: skip
    """Write the record of a new endpoint, or of one that is not being served, and return it with keys just made.

    Raises
    ------
    UserError
        If a model is not there, the endpoint is being served, or its address is taken.
    """
    check_settings(settings)
    deployments = tuple(deployment(registry, one) for one in references)
    names = [one.name for one in deployments]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise UserError(f"Model {twice} is named twice", "Two versions of a model are shared by weight: vivero deploy")
    records = [registry.resolve(f"{one.name}:{one.version}") for one in deployments]
    name = check_name(settings.name or deployments[0].name, "endpoint name")
    store = EndpointStore(layout)
    if store.alive(name):
        raise UserError(
            f"Endpoint {name} is being served already", f"Change it with: vivero deploy MODEL --endpoint {name}"
        )
    settings = dataclasses.replace(settings, name=name, port=choose_port(settings))
    python = find_python(records, settings, make, host, say)
    earlier = store.read(name) if name in store.names() else None
    history = (*earlier.history, earlier.deployments) if earlier and earlier.deployments != deployments else ()
    record = EndpointRecord(
        name=name,
        created=earlier.created if earlier else now(),
        generation=earlier.generation + 1 if earlier else 1,
        deployments=deployments,
        settings=plain(settings),
        python=python,
        history=history or (earlier.history if earlier else ()),
    )
    store.write(record)
    keys = {}
    if settings.needs_keys and not store.has_keys(name):
        keys = {which: store.make_key(name, which) for which in KEY_NAMES}
    return record, keys


def plain(settings: EndpointSettings) -> dict[str, Any]:
    """Return settings as plain data."""
    return dataclasses.asdict(settings)


class Deployer:
    """Deploys models to the endpoints of one workspace."""

    def __init__(self, layout: Layout, registry: Registry, make: MakeEnvironment, host: Host, say: Say) -> None:
        self.layout, self.registry, self.make, self.host, self.say = layout, registry, make, host, say
        self.store = EndpointStore(layout)

    def deploy(self, target: Target, settings: EndpointSettings) -> Deployed:
        """Start an endpoint with a model, or let one that is served go over to it.

        Raises
        ------
        UserError
            If it does not come to serve it; an endpoint that served before then goes on as it was.
        """
        name = check_name(settings.name or self.registry.resolve(target.reference).name, "endpoint name")
        self.store.layout.endpoint(name).root.mkdir(parents=True, exist_ok=True)
        with locked(self.store.layout.endpoint(name).root / ".deploy.lock"):  # one after the other
            return self._deploy(name, target, settings)

    def _deploy(self, name: str, target: Target, settings: EndpointSettings) -> Deployed:
        if self.store.alive(name):
            if target.changes_settings:
                raise UserError(
                    f"Endpoint {name} is being served, so its settings stay", f"Stop it first: vivero stop {name}"
                )
            new = deployment(self.registry, target.reference, weight=target.weight or 1.0, mirror=target.mirror)
            return self._settled(self.store.deploy(name, beside(self.store.read(name).deployments, new, target)), {})
        if target.mirror or target.weight is not None:
            raise UserError(
                f"Endpoint {name} is not served, so there is no traffic to share", "Leave out --weight and --mirror"
            )
        if target.keeps_settings and name in self.store.names():
            settings = EndpointSettings(**self.store.read(name).settings)
        record, keys = new_endpoint(
            self.layout, [target.reference], dataclasses.replace(settings, name=name),
            registry=self.registry, make=self.make, host=self.host, say=self.say,
        )  # fmt: skip
        start(self.store, name)
        return self._told(record, keys)

    def rollback(self, name: str) -> Deployed:
        """Let an endpoint serve what it served before; one that is stopped does so when it is started."""
        record = self.store.rollback(name)
        return self._settled(record, {}) if self.store.alive(name) else self._told(record, {})

    def _settled(self, record: EndpointRecord, keys: dict[str, str]) -> Deployed:
        problem = settle(self.store, record)
        if problem is not None:
            self.store.rollback(record.name)
            raise UserError(f"Endpoint {record.name} goes on with what it served: {problem}")
        return self._told(record, keys)

    def _told(self, record: EndpointRecord, keys: dict[str, str]) -> Deployed:
        settings = EndpointSettings(**record.settings)
        models = [f"{one.name}:{one.version}" + (" (mirror)" if one.mirror else "") for one in record.deployments]
        return Deployed(record.name, f"http://{settings.host}:{settings.port}", models, keys)


def beside(there: tuple[Deployment, ...], new: Deployment, target: Target) -> tuple[Deployment, ...]:
    """Return what an endpoint serves when something new comes: other models stay as they are."""
    others = tuple(one for one in there if one.name != new.name)
    same = tuple(one for one in there if one.name == new.name and one.version != new.version)
    if target.mirror:
        return (*others, *(one for one in same if not one.mirror), new)
    if target.weight is None or target.weight == 1:
        return (*others, new)
    rest = [one for one in same if not one.mirror]
    total = sum(one.weight for one in rest)
    if not total:
        return (*others, dataclasses.replace(new, weight=1.0))
    kept = tuple(dataclasses.replace(one, weight=round((1 - target.weight) * one.weight / total, 6)) for one in rest)
    return (*others, *(one for one in kept if one.weight > 0), new)
