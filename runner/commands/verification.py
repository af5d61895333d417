"""What ``vivero models verify`` and ``vivero data verify`` share: which versions are meant, and the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import click

from runner.commands.common import wants_json
from runner.commands.output import emit_json, say
from runner.console.format import show_count

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
        """Return what is wrong with a version."""


def is_one(reference: str) -> bool:
    """Return whether a reference means one version, not all of a model or data asset."""
    return ":" in reference or "@" in reference


def report(context: click.Context, versions: Iterable[tuple[Versions, int]]) -> None:
    """Verify versions, print what is damaged, and end with exit code 2 if anything is."""
    results = []
    for holder, version in versions:
        problems = holder.verify(version)
        results.append({"name": holder.name, "version": version, "ok": not problems, "problems": problems})
        if not wants_json():
            _print(f"{holder.name}:{version}", problems)
    damaged = sum(not result["ok"] for result in results)
    if wants_json():
        emit_json(results)
    else:
        checked = show_count(len(results), "version")
        say(f"{checked} checked, {damaged} damaged" if damaged else f"{checked} checked, none damaged")
    context.exit(_DAMAGED if damaged else 0)


def _print(reference: str, problems: Sequence[str]) -> None:
    for problem in problems[:_SHOWN]:
        say(f"{reference}  {problem}")
    if len(problems) > _SHOWN:
        say(f"{reference}  and {len(problems) - _SHOWN} more: show all with --json")
