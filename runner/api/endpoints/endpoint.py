"""One endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.endpoints.logs import TAIL, content_of, logs_in, tail_of
from runner.config.endpoint_settings import EndpointSettings
from runner.console.notes import note
from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.layout import EndpointLayout
from runner.records import Deployment, EndpointRecord

if TYPE_CHECKING:
    from runner.api.endpoints.client import Answer, Measures
    from runner.api.endpoints.drift import Drift
    from runner.api.workspace import Workspace
    from runner.endpoints.deploy import Deployed
    from runner.endpoints.servers import Servers


class Endpoint:
    """An endpoint of a workspace."""

    def __init__(self, workspace: Workspace, name: str, deployed: Deployed | None = None) -> None:
        self._workspace, self._store, self._name = workspace, EndpointStore(workspace.layout), name
        self.deployed = deployed  # the outcome, of an endpoint that was just changed

    @property
    def new_keys(self) -> dict[str, str]:
        """The keys that the deployment just made. Only their hashes are stored."""
        return dict(self.deployed.keys) if self.deployed is not None else {}

    @property
    def name(self) -> str:
        """The name of the endpoint."""
        return self._name

    @property
    def record(self) -> EndpointRecord:
        """Everything that is recorded of the endpoint."""
        return self._store.read(self._name)

    @property
    def state(self) -> str:
        """The state: serving, degraded, stopped or damaged."""
        return str(self.row["status"])

    @property
    def address(self) -> str:
        """The URL for clients."""
        return self.settings.address

    @property
    def settings(self) -> EndpointSettings:
        """The settings that it is served with."""
        return EndpointSettings(**self.record.settings)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The versions served, with their shares of the traffic."""
        return self.record.deployments

    @property
    def history(self) -> tuple[tuple[Deployment, ...], ...]:
        """The last 20 deployments before, oldest first."""
        return self.record.history

    @property
    def keys(self) -> dict[str, str]:
        """The creation time of each key by the key's name. The values are not stored."""
        return {which: key["created"] for which, key in self._store.keys(self._name).items()}

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
        from runner.api.endpoints.row import row_of

        return row_of(self, self._store)

    def servers(self) -> Servers:
        """Return the server processes or containers."""
        from runner.wiring import make_servers

        return make_servers(EndpointSettings(**self.record.settings).kind, self._workspace.layout, note)

    def logs(self) -> dict[str, Path]:
        """Return the logs by name: server.log, access.jsonl and payloads.jsonl."""
        return logs_in(self._workspace.layout.endpoint(self._name))

    def log(self, name: str = EndpointLayout.log.name) -> bytes:
        """Return the content of a log. That of a container's servers comes from its engine.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        return content_of(self, name)

    def tail(self, name: str = EndpointLayout.log.name, largest: int = TAIL) -> str:
        """Return the last whole lines of a log.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        return tail_of(self, name, largest)

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
        from runner.api.endpoints.client import ask

        return ask(self.settings, "POST", path, body=body, key=key)

    def measures(self, key: str | None = None) -> Measures:
        """Return what it has counted since it was started: requests, errors and the time they took.

        Raises
        ------
        UserError
            If it does not answer.
        """
        from runner.api.endpoints.client import measures

        return measures(self.settings, key)

    def drift(self) -> Drift:
        """Return how the inputs that it logged differ from the model's example, or from those before.

        See `runner.api.endpoints.drift`. With several deployments, the example is that of the first.
        """
        from runner.api.endpoints.drift import drift_of

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
        from runner.api.endpoints.client import description

        return description(self.settings, self._name, key)

    def deploy(self, reference: str, **more: Any) -> Endpoint:
        """Switch to another version; see `Endpoints.deploy`."""
        from runner.api.endpoints.listing import Endpoints

        return Endpoints(self._workspace).deploy(reference, self._name, **more)

    def rollback(self) -> Endpoint:
        """Serve what was served before.

        Raises
        ------
        UserError
            If there is nothing before, or the endpoint is stopped.
        """
        from runner.api.endpoints.deploy import deployer

        return Endpoint(self._workspace, self._name, deployer(self._workspace).rollback(self._name))

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
