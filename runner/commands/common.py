"""Shared by all commands: global options, the workspace and its stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.layout import Layout
    from runner.records import RunRecord

F = TypeVar("F", bound=Callable[..., Any])

_WORKSPACE, _JSON = "vivero.workspace", "vivero.json"


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def store(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        # `meta` is shared by the whole command line, so the option may be given anywhere.
        if value:
            context.meta[key] = value

    return store


def workspace_option(function: F) -> F:
    """Add ``--workspace``."""
    return click.option(
        "--workspace",
        metavar="PATH",
        expose_value=False,
        callback=_remember(_WORKSPACE),
        help="The workspace. Default: VIVERO_WORKSPACE, or .vivero in the repository.",
    )(function)


def json_option(function: F) -> F:
    """Add ``--json``."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_remember(_JSON),
        help="Print one JSON document and nothing else.",
    )(function)


def global_options(function: F) -> F:
    """Add the options that may be given before or after a command."""
    return workspace_option(json_option(function))


def wants_json() -> bool:
    """Return whether ``--json`` was given anywhere."""
    return bool(click.get_current_context().meta.get(_JSON))


def workspace() -> Layout:
    """Return the workspace to read, from the command line, the environment or the current folder."""
    from runner.workspaces import find_workspace

    return find_workspace(click.get_current_context().meta.get(_WORKSPACE))


def opened() -> Workspace:
    """Return the workspace, from the command line, the environment or the current folder."""
    from runner.api.workspace import Workspace

    return Workspace(click.get_current_context().meta.get(_WORKSPACE))


def trusted_workspace() -> Layout:
    """Return the workspace to execute something in.

    Raises
    ------
    UserError
        If other users could have written to it.
    """
    from runner.workspaces import trusted_workspace as find

    return find(click.get_current_context().meta.get(_WORKSPACE))


def given_workspace() -> str | None:
    """Return the workspace named on the command line, if any."""
    named = click.get_current_context().meta.get(_WORKSPACE)
    return str(Path(named).absolute()) if named else None


def read_run(layout: Layout, text: str) -> tuple[RunRecord, bool]:
    """Return the run that a user means and whether it has ended or is followed; if not, print a hint.

    Raises
    ------
    UserError
        If no run matches, or more than one.
    """
    from runner.api.runs.find import find_run, seen

    record, followed = seen(layout, find_run(layout, text))
    if not followed:
        advise(layout, [record.id])
    return record, followed


def status_word(status: str, followed: bool) -> str:
    """Return a run's status for people."""
    return status if followed else f"{status}, not followed"


def advise(layout: Layout, runs: Sequence[str]) -> None:
    """Print a hint about runs that are not followed."""
    from runner.console.notes import note
    from runner.workspaces import option_for

    if not runs or wants_json():
        return
    where = option_for(layout.root)
    if len(runs) == 1:
        note(f"Its controller has ended. Finish it: vivero recover {runs[0]}{where}")
    else:
        note(f"The controllers of {len(runs)} runs have ended. Finish them: vivero recover{where}")


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """Read ``key=value`` words.

    Raises
    ------
    UserError
        If a word has another form.
    """
    values: dict[str, str] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UserError(f"{option} takes key=value, not '{word}'")
        values[key] = value
    return values


def tag_change(word: str) -> tuple[str, str | None]:
    """Return the key and value that ``KEY=VALUE`` sets, or the key that ``KEY-`` removes and None.

    Raises
    ------
    UserError
        If it is neither.
    """
    key, equals, value = word.partition("=")
    if equals and key:
        return key, value
    if not equals and len(key) > 1 and key.endswith("-"):
        return key[:-1], None
    raise UserError(f"'{word}' is neither KEY=VALUE, which sets a tag, nor KEY-, which removes it")


def confirm(question: str, yes: bool) -> None:
    """Ask for confirmation before something is removed.

    Raises
    ------
    UserError
        If there is no terminal, or the answer is no.
    """
    import sys

    if yes:
        return
    if not sys.stdin.isatty() or wants_json():
        raise UserError("Nothing was removed: this command asks before it removes", "To skip the question, add --yes")
    if not click.confirm(question, err=True):
        raise UserError("Nothing was removed")


def absolute(path: str) -> Path:
    """Return a path from the command line as an absolute path."""
    return Path(os.path.abspath(Path(path).expanduser()))
