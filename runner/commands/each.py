"""Applies a command to several runs or sweeps. A problem with one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from runner.commands.common import wants_json
from runner.commands.output import emit_json, note, say
from runner.errors import UserError, as_mistake

T = TypeVar("T")


def act_on_each(items: Iterable[T], act: Callable[[T], tuple[dict[str, Any], str]], name: Callable[[T], str]) -> None:
    """Act on each item and print a line for it, or with ``--json`` one list of all results.

    Parameters
    ----------
    items : iterable
        Runs or sweeps.
    act : callable
        Acts on an item. Returns its entry for ``--json`` and the line to print.
    name : callable
        Returns the name of an item for error messages.

    Raises
    ------
    Exit
        With exit code 1 if any had a problem.
    """
    results, problems = [], 0
    for item in items:
        try:
            facts, line = act(item)
        except (UserError, OSError) as error:
            mistake = as_mistake(error)
            if mistake is None:
                raise
            note(f"error: {name(item)}: {mistake}")
            problems += 1
            continue
        results.append(facts)
        if not wants_json():
            say(line)
    if wants_json():
        emit_json(results)
    if problems:
        raise click.exceptions.Exit(1)
