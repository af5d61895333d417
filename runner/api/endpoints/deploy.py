"""What deploying needs: the deployer of a workspace, and checked settings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from runner.config.endpoint_settings import EndpointSettings
from runner.console.notes import note
from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.endpoints.deploy import Deployer


def deployer(workspace: Workspace) -> Deployer:
    """Return what changes the endpoints of a workspace."""
    from runner.store.registry import FileRegistry
    from runner.wiring import make_deployer

    layout = workspace.trusted()
    return make_deployer(layout, FileRegistry(layout), note)


def checked_settings(settings: dict[str, Any]) -> EndpointSettings:
    """Return the settings of an endpoint from some of its fields.

    Raises
    ------
    UserError
        If there is no such field, or a value is refused.
    """
    from runner.io.field_types import BadValueError, checked_fields

    known = [field.name for field in dataclasses.fields(EndpointSettings)]
    for name in settings:
        if name not in known:
            raise UserError(f"An endpoint has no setting '{name}'", nearest(name, known))
    try:
        return checked_fields(EndpointSettings, settings)
    except BadValueError as error:
        raise UserError(f"endpoint.{error}") from None
