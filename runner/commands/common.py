"""Shared by all commands: global options, the workspace and its stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.records import RunRecord
    from runner.store.index import RunIndex
    from runner.store.registry import FileRegistry
    from runner.store.runs import FileRunStore

F = TypeVar("F", bound=Callable[..., Any])

_WORKSPACE, _JSON = "vivero.workspace", "vivero.json"


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def store(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        # `meta` is shared by the whole command line, so the option may be given at any place.
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
    from runner.layout import find_workspace

    return find_workspace(click.get_current_context().meta.get(_WORKSPACE))


def trusted_workspace() -> Layout:
    """Return the workspace to execute something in.

    Raises
    ------
    UserError
        If others could have written it.
    """
    from runner.layout import trusted_workspace as find

    return find(click.get_current_context().meta.get(_WORKSPACE))


def given_workspace() -> str | None:
    """Return the workspace named on the command line, if any."""
    named = click.get_current_context().meta.get(_WORKSPACE)
    return str(Path(named).absolute()) if named else None


def run_store(layout: Layout) -> FileRunStore:
    """Return the runs of a workspace."""
    from runner.store.runs import FileRunStore

    return FileRunStore(layout)


def run_index(layout: Layout) -> RunIndex:
    """Return the index over the runs of a workspace."""
    from runner.store.index import RunIndex

    return RunIndex(layout)


def registry(layout: Layout) -> FileRegistry:
    """Return the models of a workspace."""
    from runner.store.registry import FileRegistry

    return FileRegistry(layout)


def known_versions(store: FileRegistry, name: str) -> list[int]:
    """Return a model's versions.

    Raises
    ------
    UserError
        If the model does not exist, naming the nearest.
    """
    versions = store.versions(name)
    if not versions:
        raise UserError(f"Model '{name}' does not exist", nearest(name, store.names()))
    return versions


def find_run(layout: Layout, text: str) -> RunRecord:
    """Return the record of the run that a user means. Neither finishes nor executes anything.

    Raises
    ------
    UserError
        If it does not exist, with a hint if it is a sweep.
    """
    try:
        return run_store(layout).find(text)
    except UserError:
        from runner.sweeps.store import SweepStore

        sweeps = [one for one in SweepStore(layout).ids() if text in one]
        if len(sweeps) != 1 or any(text in one for one in run_store(layout).ids()):
            raise
        raise UserError(
            f"{sweeps[0]} is a sweep, but this command takes runs",
            f"List its trials, which are runs: vivero sweep {sweeps[0]}",
        ) from None


def read_run(layout: Layout, text: str) -> tuple[RunRecord, bool]:
    """Return the run that a user means and whether it has ended or is followed; if not, print a hint.

    Raises
    ------
    UserError
        If no run matches, or more than one.
    """
    record, followed = looked_at(layout, find_run(layout, text))
    if not followed:
        advise(layout, [record.id])
    return record, followed


def looked_at(layout: Layout, record: RunRecord) -> tuple[RunRecord, bool]:
    """Return a run's current record, and whether the run has ended or is followed.

    The locks are checked before the record is read, because their holder writes the final record first.
    """
    from runner.statuses import TERMINAL

    if record.status in TERMINAL:
        return record, True
    from runner.execution.control import is_followed

    followed = is_followed(layout.run(record.experiment, record.id))
    record = run_store(layout).read(record.id)
    return record, followed or record.status in TERMINAL


def status_word(status: str, followed: bool) -> str:
    """Return a run's status for people."""
    return status if followed else f"{status}, not followed"


def advise(layout: Layout, runs: Sequence[str]) -> None:
    """Print a hint about runs that are not followed."""
    from runner.commands.output import note
    from runner.layout import option_for

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
    found: dict[str, str] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UserError(f"{option} takes key=value, not '{word}'")
        found[key] = value
    return found


def one_of(word: str, known: Sequence[str], what: str) -> str:
    """Return the word in lower case if it is known.

    Raises
    ------
    UserError
        If it is not, naming the nearest.
    """
    if word.lower() not in known:
        raise UserError(f"Unknown {what} '{word}'", nearest(word.lower(), known))
    return word.lower()


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
