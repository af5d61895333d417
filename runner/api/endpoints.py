"""The endpoints of a workspace."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.endpoint_settings import EndpointSettings
from runner.console.notes import note
from runner.endpoints.store import EndpointStore
from runner.errors import NotFoundError, UserError, nearest, storage_error
from runner.layout import EndpointLayout
from runner.records import Deployment, EndpointRecord

if TYPE_CHECKING:
    from runner.api.drift import Drift
    from runner.api.endpoint_client import Answer, Measures
    from runner.api.workspace import Workspace
    from runner.endpoints.deploy import Deployed, Deployer
    from runner.endpoints.servers import Servers

_ANSWERS_WITHIN = 5.0  # seconds
_TAIL = 256 << 10


class Endpoints:
    """The endpoints of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._store = workspace, EndpointStore(workspace.layout)

    def __iter__(self) -> Iterator[Endpoint]:
        return (Endpoint(self._workspace, name) for name in self._store.listed())

    def __len__(self) -> int:
        return len(self._store.listed())

    def get(self, name: str) -> Endpoint:
        """Return an endpoint by its name.

        Raises
        ------
        UserError
            If it does not exist, or its record cannot be read.
        """
        return Endpoint(self._workspace, self._store.read(name).name)

    def deploy(
        self,
        reference: str,
        name: str | None = None,
        *,
        weight: float | None = None,
        mirror: bool = False,
        **settings: Any,
    ) -> Endpoint:
        """Serve a version, or switch a running endpoint to it without losing a request.

        Parameters
        ----------
        reference : str
            ``NAME``, ``NAME:3`` or ``NAME@alias``.
        name : str, optional
            The endpoint. Default: the model's name.
        weight : float, optional
            Its share of the traffic, 0 to 1. The versions that answer now share the rest, and a mirror stays.
        mirror : bool
            Send it a copy of the requests and discard its answers.
        settings
            Fields of `EndpointSettings`, such as ``port=5002``. Without any, those that the endpoint has are kept.

        Returns
        -------
        Endpoint
            With `new_keys`, which are never shown again.

        Raises
        ------
        UserError
            If the model, a setting or the address is refused, or the model cannot be loaded.
        """
        checked = _checked(settings)
        checked = dataclasses.replace(checked, name=name or checked.name)
        return self.deploy_with(reference, checked, keep=not settings, weight=weight, mirror=mirror)

    def deploy_with(
        self, reference: str, settings: EndpointSettings, *, keep: bool, weight: float | None, mirror: bool
    ) -> Endpoint:
        """Deploy as `deploy` does, with all settings in one object; `keep` those that the endpoint has instead."""
        from runner.endpoints.target import Target

        target = Target(reference, weight=weight, mirror=mirror, changes_settings=not keep, keeps_settings=keep)
        done = _deployer(self._workspace).deploy(target, settings)
        return Endpoint(self._workspace, done.endpoint, done)


def _deployer(workspace: Workspace) -> Deployer:
    from runner.store.registry import FileRegistry
    from runner.wiring import make_deployer

    layout = workspace.trusted()
    return make_deployer(layout, FileRegistry(layout), note)


def _checked(settings: dict[str, Any]) -> EndpointSettings:
    from runner.io.field_types import BadValueError, checked_fields

    known = [one.name for one in dataclasses.fields(EndpointSettings)]
    for name in settings:
        if name not in known:
            raise UserError(f"An endpoint has no setting '{name}'", nearest(name, known))
    try:
        return checked_fields(EndpointSettings, settings)
    except BadValueError as error:
        raise UserError(f"endpoint.{error}") from None


class Endpoint:
    """An endpoint of a workspace."""

    def __init__(self, workspace: Workspace, name: str, deployed: Deployed | None = None) -> None:
        self._workspace, self._store, self._name = workspace, EndpointStore(workspace.layout), name
        self.deployed = deployed  # the outcome, of an endpoint that was just changed

    @property
    def new_keys(self) -> dict[str, str]:
        """The keys that deploying it has just made. Only their hashes are stored."""
        return dict(self.deployed.keys) if self.deployed is not None else {}

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def record(self) -> EndpointRecord:
        """What is recorded of it."""
        return self._store.read(self._name)

    @property
    def state(self) -> str:
        """serving, degraded, stopped or damaged."""
        return str(self.row["status"])

    @property
    def address(self) -> str:
        """The URL for clients."""
        return self.settings.address

    @property
    def settings(self) -> EndpointSettings:
        """How it is served."""
        return EndpointSettings(**self.record.settings)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The versions behind it with their shares of the traffic."""
        return self.record.deployments

    @property
    def history(self) -> tuple[tuple[Deployment, ...], ...]:
        """The last 20 deployments before, oldest first."""
        return self.record.history

    @property
    def keys(self) -> dict[str, str]:
        """The names of its keys with the time when each was made. Their values are not stored."""
        return {which: one["created"] for which, one in self._store.keys(self._name).items()}

    def make_key(self, which: str) -> str:
        """Replace the primary or the secondary key and return the new one, which is never shown again.

        Raises
        ------
        UserError
            If there is no such key.
        """
        return self._store.make_key(self._name, which)

    @property
    def row(self) -> dict[str, Any]:
        """The endpoint as ``vivero endpoints --json`` prints it."""
        try:
            return self._described()
        except (UserError, OSError) as error:
            # A bad record must not hide other endpoints, or that its own endpoint is running.
            return self._damaged(str(storage_error(error) or error))

    def _described(self) -> dict[str, Any]:
        record = self.record
        settings = EndpointSettings(**record.settings)  # its fields were checked when the record was read
        status = self.servers().status(self._name)
        return {
            "name": self._name,
            "kind": settings.kind,
            "status": status.word,
            "address": settings.address,
            "models": [one.to_json() for one in record.deployments],
            "served": status.states[0]["served"] if status.states else [],
            "processes": [state["pid"] for state in status.states],
            "image": record.image,
            "generation": record.generation,
            "keys": settings.needs_keys,
            "problem": status.problem,
        }

    def _damaged(self, problem: str) -> dict[str, Any]:
        states = self._store.states(self._name) if self._store.alive(self._name) else []
        return {
            "name": self._name,
            "kind": None,
            "status": "degraded" if states else "damaged",
            "address": None,
            "models": [],
            "served": states[0]["served"] if states else [],
            "processes": [state["pid"] for state in states],
            "image": None,
            "generation": None,
            "keys": None,
            "problem": problem,
        }

    def servers(self) -> Servers:
        """Return the server processes or containers."""
        from runner.wiring import make_servers

        return make_servers(EndpointSettings(**self.record.settings).kind, self._workspace.layout, note)

    def logs(self) -> dict[str, Path]:
        """Return the logs by name: server.log, access.jsonl and payloads.jsonl."""
        from runner.api.run_files.listed import files_below

        return files_below(self._workspace.layout.endpoint(self._name).logs)

    def log(self, name: str = EndpointLayout.log.name) -> bytes:
        """Return the content of a log. That of a container's servers comes from its engine.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        from runner.io.json_records import LARGEST_LINES, read_bytes

        if name == EndpointLayout.log.name:
            return self.servers().log(self._name)
        found = self.logs()
        if name not in found:
            raise NotFoundError(f"Endpoint {self._name} has no log '{name}'", nearest(name, found))
        return read_bytes(found[name], LARGEST_LINES)

    def tail(self, name: str = EndpointLayout.log.name, largest: int = _TAIL) -> str:
        """Return the last whole lines of a log.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        from runner.api.tail import last_lines

        if name != EndpointLayout.log.name or self.settings.kind == "local":
            found = self.logs()
            if name not in found:
                raise NotFoundError(f"Endpoint {self._name} has no log '{name}'", nearest(name, found))
            return last_lines(found[name], largest)
        return self.log(name)[-largest:].decode("utf-8", "replace")

    def ask(self, path: str, body: bytes, key: str | None = None) -> Answer:
        """Send rows to the endpoint, and return what it answers, also if it refuses them.

        Parameters
        ----------
        path : str
            One of its addresses, such as ``/score``.
        body : bytes
            JSON.
        key : str, optional
            One of its keys, if it needs one.

        Raises
        ------
        UserError
            If it does not answer.
        """
        return self._ask("POST", path, body=body, key=key)

    def _ask(self, method: str, path: str, **more: Any) -> Answer:
        from runner.api.endpoint_client import ask

        return ask(self.settings, method, path, **more)

    def measures(self, key: str | None = None) -> Measures:
        """Return what it has counted since it was started: requests, errors and the time they took.

        Raises
        ------
        UserError
            If it does not answer.
        """
        from runner.api.endpoint_client import measures

        return measures(self.settings, key)

    def drift(self) -> Drift:
        """Return how the inputs that it logged differ from the model's example, or from those before.

        See `runner.api.drift`. With several deployments, the example is that of the first.
        """
        from runner.api.drift import drift_of

        return drift_of(self._workspace.layout.endpoint(self._name).payloads, self._example())

    def _example(self) -> Any:
        from runner.store.registry import FileRegistry

        registry = FileRegistry(self._workspace.layout)
        try:
            first = self.record.deployments[0]
            inspection = registry.read(first.name, first.version).inspection
        except (UserError, IndexError):  # the version was removed, or nothing is deployed
            return None
        return inspection.example_input if inspection is not None else None

    def schema(self, key: str | None = None) -> dict[str, Any]:
        """Return the OpenAPI description that the endpoint answers with.

        Parameters
        ----------
        key : str, optional
            One of its keys, if it needs one.

        Raises
        ------
        UserError
            If it does not answer.
        """
        answer = self._ask("GET", "/openapi.json", key=key, timeout=_ANSWERS_WITHIN)
        if answer.status != 200:
            raise UserError(f"Endpoint {self._name} answered {answer.status} {answer.reason}")
        try:
            found = json.loads(answer.text)
        except (ValueError, RecursionError) as error:
            raise UserError(f"Endpoint {self._name} does not answer with JSON: {error}") from None
        if not isinstance(found, dict):
            raise UserError(f"Endpoint {self._name} does not answer with a description")
        return found

    def deploy(self, reference: str, **more: Any) -> Endpoint:
        """Switch to another version; see `Endpoints.deploy`."""
        return Endpoints(self._workspace).deploy(reference, self._name, **more)

    def rollback(self) -> Endpoint:
        """Serve what was served before.

        Raises
        ------
        UserError
            If there is nothing before, or the endpoint is stopped.
        """
        return Endpoint(self._workspace, self._name, _deployer(self._workspace).rollback(self._name))

    def stop(self, *, delete: bool = False) -> bool:
        """Stop after the requests in progress are answered, and return whether it was running.

        Parameters
        ----------
        delete : bool
            Also remove its folder, with keys and logs.
        """
        self._workspace.trusted()
        stopped = self.servers().stop(self._name)
        if delete:
            self._store.delete(self._name)
        return stopped

    def __repr__(self) -> str:
        return f"<Endpoint {self._name}>"
