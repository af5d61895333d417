"""``vivero models verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, known_versions, registry, wants_json, workspace
from runner.commands.output import emit_json, say
from runner.console.format import show_count
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.store.registry import FileRegistry

_DAMAGED = 2


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, a model or the whole registry. The exit code is 2 if anything is damaged."""
    store = registry(workspace())
    results = []
    for name, version in _chosen(store, reference):
        problems = _problems(store, name, version)
        results.append({"name": name, "version": version, "ok": not problems, "problems": problems})
        if not wants_json():
            for problem in problems:
                say(f"{name}:{version}  {problem}")
    damaged = sum(not result["ok"] for result in results)
    if wants_json():
        emit_json(results)
    else:
        checked = show_count(len(results), "version")
        say(f"{checked} checked, {damaged} damaged" if damaged else f"{checked} checked, none damaged")
    context.exit(_DAMAGED if damaged else 0)


def _chosen(store: FileRegistry, reference: str | None) -> list[tuple[str, int]]:
    if reference is None:
        return [(name, version) for name in store.names() for version in store.versions(name)]
    if "@" in reference or reference.endswith(":latest"):
        record = store.resolve(reference)
        return [(record.name, record.version)]
    if ":" in reference:
        # Not resolved, because an unreadable version is to be reported, not an error.
        name, _, version = reference.partition(":")
        if version.isascii() and version.isdigit() and int(version) in known_versions(store, name):
            return [(name, int(version))]
        raise UserError(f"Model version '{reference}' does not exist")
    return [(reference, version) for version in known_versions(store, reference)]


def _problems(store: FileRegistry, name: str, version: int) -> list[str]:
    try:
        return list(store.verify(name, version))
    except UserError as error:
        return [str(error)]
