"""``vivero models verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, say
from runner.console.format import show_count

if TYPE_CHECKING:
    from runner.api.models import Model
    from runner.api.workspace import Workspace

_DAMAGED = 2


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, a model or the whole registry. The exit code is 2 if anything is damaged."""
    results = []
    for model, version in _chosen(opened(), reference):
        name, problems = model.name, model.verify(version)
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


def _chosen(workspace: Workspace, reference: str | None) -> list[tuple[Model, int]]:
    from runner.api.models import find_model

    if reference is None:
        return [(model, version) for model in workspace.models() for version in model.version_numbers()]
    if ":" not in reference and "@" not in reference:
        model = find_model(workspace, reference)
        return [(model, version) for version in model.version_numbers()]
    name, version = workspace.find_version(reference)  # not read, because an unreadable record is to be reported
    return [(find_model(workspace, name), version)]
