"""``vivero rerun``."""

from __future__ import annotations

import click

from runner.commands.common import opened, trusted_workspace, wants_json, workspace_option
from runner.errors import UserError


@click.command()
@click.argument("run")
@click.argument("given", nargs=-1, metavar="[KEY=VALUE...]")
@click.option("--allow-drift", is_flag=True, help="Continue even if the environment cannot be restored exactly.")
@workspace_option
@click.pass_context
def rerun(context: click.Context, run: str, given: tuple[str, ...], allow_drift: bool) -> None:
    """Repeat a run from its snapshot, lock and configuration, and show which outputs differ.

    Secrets from environment variables are read again. A secret that was typed is not recorded; give it again:
    job.environment_variables.TOKEN=...
    """
    if wants_json():
        raise UserError(
            "rerun prints the script's output, not JSON",
            "Compare the two runs afterwards: vivero compare RUN RUN --json",
        )
    trusted_workspace()
    context.exit(opened().run(run).rerun(*given, allow_drift=allow_drift))
