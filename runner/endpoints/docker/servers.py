"""Serves endpoints with containers of this machine's engine.

The switch happens when the endpoint's record is written. By then the new version's server has loaded its model and
waits. The old server then ends. If a change is interrupted before that, the old version stays in service. The next
change removes the leftover containers.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.docker.containers import HOLDER, Containers, ended
from runner.endpoints.docker.folders import EndpointFolders
from runner.endpoints.docker.image import build, reason
from runner.endpoints.environment import requirements
from runner.endpoints.process import is_serving
from runner.endpoints.servers import Status, state_problem
from runner.endpoints.store import EndpointStore
from runner.environments.docker.engine import connect
from runner.environments.docker.images import default_base, find
from runner.errors import UserError
from runner.io.locks import locked
from runner.ports.environment import Environment
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import Deployment, EndpointRecord, ModelRecord
from runner.store.registry import FileRegistry

if TYPE_CHECKING:
    from docker.models.containers import Container

MakeImage = Callable[[list[str], str, str | None], Environment]
"""Takes packages, a Python version, and a base image or None. Returns the environment, which is an image."""
_START = 120.0  # seconds for a server to load its model
_OVER = 15.0  # seconds beyond stop_timeout after which a server is killed
_LOOK = 0.05


class ContainerServers:
    """Serves endpoints from containers, each with one version of one model.

    Parameters
    ----------
    store : EndpointStore
        The endpoints.
    registry : FileRegistry
        The models.
    make : callable
        See `MakeImage`.
    host : Host
        This machine.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, store: EndpointStore, registry: FileRegistry, make: MakeImage, host: Host, say: Say) -> None:
        self.store, self.registry, self.make, self.host, self.say = store, registry, make, host, say

    def preflight(self, settings: EndpointSettings, python: str) -> None:
        """Check that there is an engine, and pull the base image if necessary.

        Raises
        ------
        UserError
            If that fails.
        """
        find(connect(), settings.base_image or default_base(python), self.say)

    def check(self, deployments: Sequence[Deployment]) -> None:
        """Check that a container can serve the deployments.

        Raises
        ------
        UserError
            For several models, shares of the traffic, or an alias.
        """
        if len({deployment.name for deployment in deployments}) > 1:
            raise UserError("A container serves one model", "Deploy each model as its own endpoint, or use kind=local")
        if len(deployments) > 1:
            raise UserError("A container serves one version, without --weight and --mirror", "Use kind=local for these")
        if "@" in deployments[0].reference:
            raise UserError(
                f"{deployments[0].reference}: a container cannot follow an alias",
                f"Deploy {deployments[0].name}:{deployments[0].version}, or use kind=local",
            )

    def prepare(self, record: EndpointRecord, models: Sequence[ModelRecord]) -> EndpointRecord:
        """Return the record with an image of its model.

        Raises
        ------
        UserError
            If there is no engine, or the image cannot be built.
        """
        settings, client = EndpointSettings(**record.settings), connect()
        packages, python = requirements(models[:1], settings.accelerate)
        handle = self.make(packages, python, settings.base_image).prepare(self.host, self.say)
        image = build(client, self.store.layout, self.registry, models[0], handle, self.say)
        return dataclasses.replace(record, python=handle.record.python, image=image, environment=handle.record.key)

    def clean(self, name: str) -> None:
        """Remove the containers of an interrupted start."""
        self._clear(self._containers(name))

    def start(self, record: EndpointRecord) -> None:
        """Start holder and server, and wait until they answer.

        Raises
        ------
        UserError
            If they do not answer. Their containers have then been removed.
        """
        containers = self._containers(record.name)
        try:
            containers.start_holder(record)
            self._start_and_wait(containers, record)
            self._await_answer(containers, record)
        except UserError as mistake:
            self._clear(containers)
            raise UserError(f"Endpoint {record.name} was not started: {mistake.message}", mistake.hint) from None
        except BaseException:
            self._clear(containers)
            raise

    def switch(self, old: EndpointRecord, new: EndpointRecord) -> None:
        """Start the new version's server next to the old one, switch to it, and end the old one.

        Raises
        ------
        UserError
            If the new version cannot be served. The old one then stays in service.
        """
        containers = self._containers(old.name)
        try:
            model = new.deployments[0]
            new = self.prepare(new, [self.registry.resolve(f"{model.name}:{model.version}")])
            for container in containers.others(old.generation):
                containers.end(container)
            self._start_and_wait(containers, new)
            self.store.write(new)
        except UserError as mistake:
            self._drop(containers, new)
            raise UserError(
                f"Endpoint {old.name} still serves the earlier version: {mistake.message}", mistake.hint
            ) from None
        except BaseException:
            if self.store.read(old.name).generation != new.generation:  # a Ctrl-C may come just after the record
                self._drop(containers, new)
            raise
        last = EndpointSettings(**old.settings).stop_timeout + _OVER
        for container in containers.others(new.generation):
            containers.end(container, last)
        self._await_answer(containers, new)

    def stop(self, name: str) -> bool:
        """Stop server and holder, and remove their containers. Return whether there were any. The images stay."""
        settings = EndpointSettings(**self.store.read(name).settings)
        containers = self._containers(name)
        with locked(self.store.layout.endpoint(name).deploying):
            existing, holders = containers.find(), containers.find(HOLDER)
            for container in sorted(existing, key=lambda container: container in holders):  # the holder last
                containers.end(container, settings.stop_timeout + _OVER)
        return bool(existing)

    def alive(self, name: str) -> bool:
        """Return whether the endpoint's server runs or is being restarted."""
        server = self._containers(name).server(self.store.read(name).generation) if name in self.store.names() else None
        return server is not None and server.status in ("running", "restarting", "paused")

    def status(self, name: str) -> Status:
        """Return the endpoint's state, as reported by the engine and the server processes."""
        try:
            return self._status(self.store.read(name))
        except UserError as mistake:
            return Status("unknown", problem=mistake.message)

    def log(self, name: str) -> bytes:
        """Return the output of earlier servers, followed by that of the current one."""
        containers = self._containers(name)
        server = containers.server(self.store.read(name).generation)
        return containers.places.log() + (server.logs() if server is not None else b"")

    def _containers(self, name: str) -> Containers:
        return Containers(connect(), EndpointFolders(self.store.layout, name))

    def _start_and_wait(self, containers: Containers, record: EndpointRecord) -> None:
        """Start the server of a record, and wait until it has loaded its model and can take over."""
        deployment = record.deployments[0]
        server = containers.serve(record, self.registry.resolve(f"{deployment.name}:{deployment.version}"))
        pause, until = threading.Event(), time.monotonic() + _START
        while not self._is_ready(containers, record):
            server.reload()
            if server.status != "running":
                raise UserError(ended(server))
            if time.monotonic() > until:
                raise UserError(f"it did not load its model within {_START:g} s")
            pause.wait(_LOOK)
        containers.trust(server, record)

    def _is_ready(self, containers: Containers, record: EndpointRecord) -> bool:
        states = containers.places.states(record.generation)
        return bool(states) and all(state["served"] and not state["problem"] for state in states)

    def _await_answer(self, containers: Containers, record: EndpointRecord) -> None:
        pause, until = threading.Event(), time.monotonic() + _START
        while not is_serving(record):
            for container in containers.find():
                if container.status in ("exited", "dead"):
                    raise UserError(ended(container))
            if time.monotonic() > until:
                raise UserError(f"it did not answer within {_START:g} s", f"vivero logs {record.name}")
            pause.wait(_LOOK)

    def _drop(self, containers: Containers, record: EndpointRecord) -> None:
        """Remove the server of a generation that failed to start."""
        server = containers.server(record.generation)
        if server is not None:
            containers.end(server, 0)

    def _clear(self, containers: Containers) -> None:
        for container in containers.find():
            containers.end(container, 0)

    def _status(self, record: EndpointRecord) -> Status:
        import docker

        try:
            containers = self._containers(record.name)
            server, holders = containers.server(record.generation), containers.find(HOLDER)
            if server is None:
                return Status("stopped")
            states = containers.places.states(record.generation)
            if server.status == "running":
                return _running(record, server, states, holders)
            return Status(server.status, problem=ended(server))
        except docker.errors.DockerException as error:
            return Status("unknown", problem=reason(error))


def _running(
    record: EndpointRecord, server: Container, states: list[dict[str, object]], holders: Sequence[Container]
) -> Status:
    problem = state_problem(states)
    holder = holders[0] if holders else None
    if holder is None or holder.status != "running":
        problem = f"no container holds its address: {ended(holder) if holder else 'the holder was removed'}"
    if problem is None and is_serving(record):
        return Status("serving", states)
    health = server.attrs["State"].get("Health", {}).get("Status", "starting")
    return Status("degraded" if problem or health != "starting" else "starting", states, problem)
