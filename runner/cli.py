"""``vivero``: the commands that read a workspace. A command's module is imported when it is typed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from runner.commands.common import global_options
from runner.commands.lazy import LazyGroup
from runner.config.variables import check_variables
from runner.console.boundary import guarded
from runner.console.pipes import open_streams
from runner.errors import UserError


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from runner import __version__

        click.echo(f"vivero {__version__}")
        context.exit()


_COMMANDS = {
    "init": "runner.commands.init:init",
    "run": "runner.commands.run:run",
    "runs": "runner.commands.runs.listing:runs",
    "show": "runner.commands.runs.show:show",
    "logs": "runner.commands.runs.logs:logs",
    "metrics": "runner.commands.runs.metrics:metrics",
    "compare": "runner.commands.runs.compare:compare",
    "download": "runner.commands.runs.download:download",
    "sweeps": "runner.commands.sweeps.listing:sweeps",
    "sweep": "runner.commands.sweeps.show:sweep",
    "best": "runner.commands.sweeps.best:best",
    "pipelines": "runner.commands.pipelines.listing:pipelines",
    "pipeline": "runner.commands.pipelines.group:pipeline",
    "cancel": "runner.commands.runs.cancel:cancel",
    "recover": "runner.commands.runs.recover:recover",
    "rerun": "runner.commands.runs.rerun:rerun",
    "script": "runner.commands.runs.script:script",
    "delete": "runner.commands.runs.delete:delete",
    "tag": "runner.commands.runs.edit:tag",
    "rename": "runner.commands.runs.edit:rename",
    "note": "runner.commands.runs.edit:note",
    "archive": "runner.commands.runs.edit:archive",
    "models": "runner.commands.models.listing:models",
    "data": "runner.commands.data.listing:data",
    "environments": "runner.commands.environments.listing:environments",
    "nodes": "runner.commands.nodes:nodes",
    "endpoints": "runner.commands.endpoints.listing:endpoints",
    "deploy": "runner.commands.endpoints.deploy:deploy",
    "rollback": "runner.commands.endpoints.deploy:rollback",
    "stop": "runner.commands.endpoints.deploy:stop",
    "package": "runner.commands.endpoints.package:package",
    "keys": "runner.commands.endpoints.keys:keys",
    "score": "runner.commands.endpoints.score:score",
    "report": "runner.commands.report:report",
    "studio": "runner.commands.studio:studio",
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@global_options
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Look at runs, sweeps, models and data, and serve models.

    RUN is a run's id, a unique part of one, or `latest`. SWEEP is the same for a sweep. MODEL is NAME,
    NAME:VERSION or NAME@ALIAS.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Returns
    -------
    int
        The exit code: 0, 1 for a user's mistake, 2 for a bad outcome, 3 for our bug, 130 for Ctrl-C.
    """
    open_streams()
    for stream in (sys.stdout, sys.stderr):
        # In any locale, names that are not UTF-8 are shown escaped instead of ending the command.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    return guarded(lambda: _invoke(list(sys.argv[1:] if arguments is None else arguments)))


def _invoke(arguments: list[str]) -> int:
    # Not click's own main(), which has its own exit codes for Ctrl-C and broken pipes.
    check_variables()
    code = 0
    try:
        with cli.make_context("vivero", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        raise UserError(_one_line(error)) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    sys.stdout.flush()
    return code


def _one_line(error: click.ClickException) -> str:
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None and "--help" not in message:
        message = message.rstrip(".")
        end = "" if message.endswith(("?", ")")) else "."
        message = f"{message}{end} See '{error.ctx.command_path} --help'"
    return " ".join(message.split())


if __name__ == "__main__":
    sys.exit(main())
