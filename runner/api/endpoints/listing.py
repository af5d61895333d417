"""The endpoints of a workspace."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.api.endpoints.deploy import checked_settings, deployer
from runner.api.endpoints.endpoint import Endpoint
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.store import EndpointStore

if TYPE_CHECKING:
    from runner.api.workspace import Workspace


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
        checked = checked_settings(settings)
        checked = dataclasses.replace(checked, name=name or checked.name)
        return self.deploy_with(reference, checked, keep=not settings, weight=weight, mirror=mirror)

    def deploy_with(
        self, reference: str, settings: EndpointSettings, *, keep: bool, weight: float | None, mirror: bool
    ) -> Endpoint:
        """Deploy as `deploy` does, with all settings in one object; `keep` those that the endpoint has instead."""
        from runner.endpoints.target import Target

        target = Target(reference, weight=weight, mirror=mirror, changes_settings=not keep, keeps_settings=keep)
        done = deployer(self._workspace).deploy(target, settings)
        return Endpoint(self._workspace, done.endpoint, done)
