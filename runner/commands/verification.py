"""The report of ``vivero models verify`` and ``vivero data verify``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import click

from runner.commands.common import wants_json
from runner.commands.output import emit_json, say
from runner.console.format import show_count
from runner.errors import UserError, as_mistake

_DAMAGED = 2
_SHOWN = 20  # problems of a version


class Versions(Protocol):
    """A model or a data asset."""

    @property
    def name(self) -> str:
        """The name."""

    def version_numbers(self) -> list[int]:
        """Return the numbers of the versions."""

    def verify(self, number: int) -> Sequence[str]:
        """Return the problems of a version."""


def report(context: click.Context, chosen: Iterable[tuple[Versions, int | None]]) -> None:
    """Verify versions, or all of a name with None, print the problems, and exit with code 2 if there are any."""
    results = list[dict[str, Any]]()
    for holder, number in chosen:
        for version, problems in _verified(holder, number):
            results.append({"name": holder.name, "version": version, "ok": not problems, "problems": problems})
            if not wants_json():
                _print(holder.name if version is None else f"{holder.name}:{version}", problems)
    if wants_json():
        emit_json(results)
    else:
        say(_summary(results))
    context.exit(0 if all(result["ok"] for result in results) else _DAMAGED)


def _summary(results: list[dict[str, Any]]) -> str:
    checked = [result for result in results if result["version"] is not None]
    damaged = sum(not result["ok"] for result in checked)
    unread = len(results) - len(checked)
    text = f"{show_count(len(checked), 'version')} checked, {damaged or 'none'} damaged"
    return f"{text}; {unread} of the names could not be read" if unread else text


def _verified(holder: Versions, number: int | None) -> Iterator[tuple[int | None, Sequence[str]]]:
    """Yield each version with its problems. The version is None if the versions cannot be listed."""
    try:
        numbers = holder.version_numbers() if number is None else [number]
    except (UserError, OSError) as error:  # the others are still verified
        mistake = as_mistake(error)
        if mistake is None:
            raise
        yield None, [str(mistake)]
        return
    for version in numbers:
        yield version, holder.verify(version)


def _print(reference: str, problems: Sequence[str]) -> None:
    for problem in problems[:_SHOWN]:
        say(f"{reference}  {problem}")
    if len(problems) > _SHOWN:
        say(f"{reference}  and {len(problems) - _SHOWN} more: show all with --json")
