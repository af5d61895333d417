"""``vivero pipeline resume``."""

from __future__ import annotations

import click

from runner.commands.common import opened, trusted_workspace, wants_json, workspace_option
from runner.errors import UserError


@click.command()
@click.argument("run")
@click.argument("given", nargs=-1, metavar="[KEY=VALUE...]")
@workspace_option
@click.pass_context
def resume(context: click.Context, run: str, given: tuple[str, ...]) -> None:
    """Continue a pipeline that has failed or lost its controller. Completed steps are kept.

    Secrets from environment variables are read again. A secret that was typed is not recorded; give it again.
    """
    if wants_json():
        raise UserError("resume prints progress, not JSON", "Look at it afterwards: vivero pipeline RUN --json")
    trusted_workspace()
    context.exit(opened().pipeline(run).resume(*given))
