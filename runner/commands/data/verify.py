"""``vivero data verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, say
from runner.console.format import show_count

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset, DataAssets

_DAMAGED = 2
_SHOWN = 20


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, an asset or all of them. The exit code is 2 if any content is damaged."""
    results = []
    for asset, version in _chosen(opened().data, reference):
        problems = asset.verify(version)
        results.append({"name": asset.name, "version": version, "ok": not problems, "problems": problems})
        if not wants_json():
            for problem in problems[:_SHOWN]:
                say(f"{asset.name}:{version}  {problem}")
            if len(problems) > _SHOWN:
                say(f"{asset.name}:{version}  and {len(problems) - _SHOWN} more: show all with --json")
    damaged = sum(not result["ok"] for result in results)
    if wants_json():
        emit_json(results)
    else:
        checked = show_count(len(results), "version")
        say(f"{checked} checked, {damaged} damaged" if damaged else f"{checked} checked, none damaged")
    context.exit(_DAMAGED if damaged else 0)


def _chosen(assets: DataAssets, reference: str | None) -> list[tuple[DataAsset, int]]:
    if reference is None:
        return [(asset, version) for asset in assets for version in asset.version_numbers()]
    if ":" not in reference and "@" not in reference:
        asset = assets.get(reference)
        return [(asset, version) for version in asset.version_numbers()]
    name, version = assets.find_version(reference)  # not read, because an unreadable record is to be reported
    return [(assets.get(name), version)]
