"""Deploys models: from a reference to an endpoint that is ready to start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.process import choose_port
from runner.endpoints.servers import Servers
from runner.endpoints.settings import check_settings, same_kind
from runner.endpoints.store import KEY_NAMES, EndpointStore, deployed, history_before, rolled_back
from runner.endpoints.target import Target, beside
from runner.errors import UserError
from runner.io.clock import now
from runner.io.locks import locked
from runner.io.names import check_name
from runner.layout import Layout
from runner.records import Deployment, EndpointRecord, ModelRecord
from runner.store.registry import FileRegistry


@dataclasses.dataclass(frozen=True)
class Deployed:
    """The result of a deployment.

    `models` are ``NAME:VERSION``. `keys` are new keys by name; only their hashes are stored. `serving` is false for a
    stopped endpoint.
    """

    endpoint: str
    address: str
    models: list[str]
    keys: dict[str, str]
    serving: bool = True


def deployment(registry: FileRegistry, reference: str, *, weight: float = 1.0, mirror: bool = False) -> Deployment:
    """Return the deployment of a reference: ``NAME``, ``NAME:3``, ``NAME@champion``.

    Raises
    ------
    UserError
        If there is no such version.
    """
    record = registry.resolve(reference)
    return Deployment(reference=reference, name=record.name, version=record.version, weight=weight, mirror=mirror)


def new_endpoint(
    layout: Layout, references: Sequence[str], settings: EndpointSettings, *, registry: FileRegistry, servers: Servers
) -> tuple[EndpointRecord, dict[str, str]]:
    """Write the record of a new or stopped endpoint. Return it with the new keys.

    Raises
    ------
    UserError
        If a model does not exist, the endpoint is running, or its address is in use.
    """
    check_settings(settings)
    deployments = tuple(deployment(registry, reference) for reference in references)
    names = [deployment.name for deployment in deployments]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"Model {twice} is named twice", "To split traffic between two versions: vivero deploy --weight"
        )
    servers.check(deployments)
    name = check_name(settings.name or deployments[0].name, "endpoint name")
    store = EndpointStore(layout)
    if servers.alive(name):
        raise UserError(f"Endpoint {name} is already running", f"To change it: vivero deploy MODEL --endpoint {name}")
    settings = dataclasses.replace(settings, name=name, port=choose_port(settings))
    earlier = store.read(name) if name in store.names() else None
    record = EndpointRecord(
        name=name,
        created=earlier.created if earlier else now(),
        generation=earlier.generation + 1 if earlier else 1,
        deployments=deployments,
        settings=plain(settings),
        history=history_before(earlier, deployments) if earlier else (),
    )
    record = servers.prepare(record, models_of(registry, record))
    store.write(record)
    keys = {}
    if settings.needs_keys and not store.has_keys(name):
        keys = {which: store.make_key(name, which) for which in KEY_NAMES}
    return record, keys


def models_of(registry: FileRegistry, record: EndpointRecord) -> list[ModelRecord]:
    """Return the records of the versions that an endpoint serves."""
    return [registry.resolve(f"{deployment.name}:{deployment.version}") for deployment in record.deployments]


def plain(settings: EndpointSettings) -> dict[str, Any]:
    """Return settings as plain data."""
    return dataclasses.asdict(settings)


class Deployer:
    """Deploys models to the endpoints of one workspace.

    Parameters
    ----------
    layout : Layout
        The workspace.
    registry : FileRegistry
        The models.
    servers : callable
        Returns the servers of a kind of endpoint.
    """

    def __init__(self, layout: Layout, registry: FileRegistry, servers: Callable[[str], Servers]) -> None:
        self.layout, self.registry, self.servers = layout, registry, servers
        self.store = EndpointStore(layout)

    def deploy(self, target: Target, settings: EndpointSettings) -> Deployed:
        """Start an endpoint with a model, or switch a running one to it.

        Raises
        ------
        UserError
            If that fails. An endpoint that was running keeps its versions.
        """
        name = check_name(settings.name or self.registry.resolve(target.reference).name, "endpoint name")
        self.layout.endpoint(name).root.mkdir(parents=True, exist_ok=True)
        with locked(self.layout.endpoint(name).deploying):  # one deployment at a time
            existing = self.store.read(name) if name in self.store.names() else None
            if existing is not None and self._servers(existing).alive(name):
                return self._change(existing, target, settings)
            return self._begin(name, existing, target, settings)

    def preflight(self, settings: EndpointSettings, model: str, python: str) -> None:
        """Check the address and the container engine before a long training, not only after it.

        Parameters
        ----------
        settings : EndpointSettings
            The endpoint's settings.
        model : str
            The model's name. It is also the endpoint's, unless the settings have one.
        python : str
            The version of the model's Python.

        Raises
        ------
        UserError
            With the message that the deployment would fail with.
        """
        name = settings.name or model
        existing = self.store.read(name) if name in self.store.names() else None
        if existing is not None and self._servers(existing).alive(name):
            same_kind(settings, EndpointSettings(**existing.settings), name)
        elif existing is None:
            choose_port(settings)
        self.servers(settings.kind).preflight(settings, python)

    def rollback(self, name: str) -> Deployed:
        """Switch an endpoint to its previous deployments. A stopped endpoint will start with them.

        Raises
        ------
        UserError
            If there is no such endpoint, it has no previous deployments, or the switch fails.
        """
        self.store.read(name)
        with locked(self.layout.endpoint(name).deploying):
            old = self.store.read(name)
            new = rolled_back(old)
            if self._servers(old).alive(name):
                return self._switch(old, new)
            self.store.write(new)
            return dataclasses.replace(self._result(new, {}), serving=False)

    def _change(self, existing: EndpointRecord, target: Target, settings: EndpointSettings) -> Deployed:
        if target.changes_settings:
            raise UserError(
                f"Endpoint {existing.name} is running, so its settings cannot be changed",
                f"Stop it first: vivero stop {existing.name}",
            )
        if not target.keeps_settings:
            same_kind(settings, EndpointSettings(**existing.settings), existing.name)
        new = deployment(self.registry, target.reference, weight=target.share, mirror=target.mirror)
        return self._switch(existing, deployed(existing, beside(existing.deployments, new, target)))

    def _switch(self, old: EndpointRecord, new: EndpointRecord) -> Deployed:
        servers = self._servers(old)
        servers.check(new.deployments)
        servers.switch(old, new)
        return self._result(new, {})

    def _begin(
        self, name: str, existing: EndpointRecord | None, target: Target, settings: EndpointSettings
    ) -> Deployed:
        if target.mirror or target.weight is not None:
            raise UserError(
                f"Endpoint {name} is not running, so it has no traffic to share", "Leave out --weight and --mirror"
            )
        if target.keeps_settings and existing is not None:
            settings = EndpointSettings(**existing.settings)
        if existing is not None:
            self._servers(existing).clean(name)
        servers = self.servers(settings.kind)
        record, keys = new_endpoint(
            self.layout,
            [target.reference],
            dataclasses.replace(settings, name=name),
            registry=self.registry,
            servers=servers,
        )
        try:
            servers.start(record)
        except UserError as mistake:
            if existing is not None:
                raise
            self.store.discard(name)
            raise UserError(mistake.message, mistake.hint or f"Its log: {self.layout.endpoint(name).log}") from None
        return self._result(record, keys)

    def _servers(self, record: EndpointRecord) -> Servers:
        return self.servers(EndpointSettings(**record.settings).kind)

    def _result(self, record: EndpointRecord, keys: dict[str, str]) -> Deployed:
        settings = EndpointSettings(**record.settings)
        models = [
            f"{deployment.name}:{deployment.version}" + (" (mirror)" if deployment.mirror else "")
            for deployment in record.deployments
        ]
        return Deployed(record.name, settings.address, models, keys)
