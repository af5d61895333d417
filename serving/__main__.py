"""``python -m serving model=NAME``: serve registered models until Ctrl-C, in their own environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Optional

from runner.config.endpoint_settings import EndpointSettings
from runner.config.variables import check_variables
from runner.console.boundary import guarded
from runner.console.pipes import open_streams
from runner.endpoints.typed_settings import read_words
from runner.errors import UserError


@dataclass
class Workspace:
    """The workspace with the models."""

    root: Optional[str] = None  # noqa: UP045 - OmegaConf accepts no other form


@dataclass
class Command(EndpointSettings):
    """The command line: the endpoint's settings, its models, the workspace."""

    model: Optional[str] = None  # noqa: UP045
    models: list[str] = field(default_factory=list)
    workspace: Workspace = field(default_factory=Workspace)


HELP = """\
Usage: python -m serving model=NAME[:VERSION|@ALIAS] [SETTING=VALUE ...]

Serve a registered model over HTTP until Ctrl-C, in an environment with its packages.

  model=NAME            the latest version; also NAME:3, NAME@champion
  models=[A,B@champion] several models on one server
  port=5001             0: a free one
  workers=1             server processes
  workspace.root=PATH   the workspace; otherwise VIVERO_WORKSPACE, otherwise .vivero of the repository

All settings and their defaults are in conf/REFERENCE.md, section endpoint.
"""


def main(words: list[str]) -> int:
    """Prepare the endpoint and become its server. Return an exit code only for ``--help`` or an error."""
    open_streams()
    if set(words) & {"-h", "--help"}:
        print(HELP, end="")
        return 0
    return guarded(lambda: _serve(words))


def _serve(words: list[str]) -> NoReturn:
    check_variables()
    argv, variables = prepare(parse(words))
    sys.stdout.flush()
    os.execve(argv[0], argv, variables)  # noqa: S606 - an argv, no shell


def parse(words: list[str]) -> Command:
    """Return the command line as checked settings.

    Raises
    ------
    UserError
        For a misspelt key or a value of another type.
    """
    for word in words:
        if "=" not in word or word.startswith("-"):
            raise UserError(
                f"'{word}' is not SETTING=VALUE", "Usage: python -m serving model=NAME[:VERSION|@ALIAS] [port=5001]"
            )
    command = read_words(Command, words)
    command.models = [name for model in command.models for name in model.split(",")]  # names have no commas
    if not command.model and not command.models:
        raise UserError("No model is named", "Usage: python -m serving model=NAME[:VERSION|@ALIAS]")
    return command


def prepare(command: Command) -> tuple[list[str], dict[str, str]]:
    """Write the endpoint's record. Return the argument list and the variables of its server.

    Raises
    ------
    UserError
        If a setting is not valid, a model does not exist, or the endpoint is already running.
    """
    from runner.endpoints.deploy import new_endpoint
    from runner.endpoints.process import command as server_command
    from runner.endpoints.settings import check_settings
    from runner.store.registry import FileRegistry
    from runner.wiring import make_servers
    from runner.workspaces import trusted_workspace

    layout = trusted_workspace(command.workspace.root)
    settings = EndpointSettings(**{name: getattr(command, name) for name in EndpointSettings.__dataclass_fields__})
    check_settings(settings)
    if settings.kind != "local":
        raise UserError("python -m serving starts no containers", "Use: vivero deploy MODEL --set kind=docker")
    record, keys = new_endpoint(
        layout,
        [*([command.model] if command.model else []), *command.models],
        settings,
        registry=FileRegistry(layout),
        servers=make_servers("local", layout, lambda line: print(line, flush=True)),
    )
    for which, key in keys.items():
        print(f"{which} key (shown once): {key}", flush=True)
    return server_command(record, layout)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main(sys.argv[1:]))
