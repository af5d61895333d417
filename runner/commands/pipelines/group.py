"""``vivero pipeline``: shows, explains or resumes one pipeline."""

from __future__ import annotations

import click

from runner.commands.lazy import LazyGroup

_COMMANDS = {
    "show": "runner.commands.pipelines.show:show",
    "why": "runner.commands.pipelines.why:why",
    "resume": "runner.commands.pipelines.resume:resume",
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, default="show", invoke_without_command=True)
@click.pass_context
def pipeline(context: click.Context) -> None:
    """Show a pipeline: vivero pipeline RUN. The steps that were not computed again are marked."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
