"""``vivero models verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened
from runner.commands.verification import report
from runner.commands.versions import names_version

if TYPE_CHECKING:
    from runner.api.models import Model
    from runner.api.workspace import Workspace


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, a model or the whole registry. The exit code is 2 if anything is damaged."""
    report(context, _chosen(opened(), reference))


def _chosen(workspace: Workspace, reference: str | None) -> list[tuple[Model, int | None]]:
    from runner.api.models import find_model, locate_version

    if reference is None:
        return [(model, None) for model in workspace.models()]
    if names_version(reference):
        return [locate_version(workspace, reference)]
    return [(find_model(workspace, reference), None)]
