"""``vivero data verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened
from runner.commands.verification import is_one, report

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset, DataAssets


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, an asset or all of them. The exit code is 2 if any content is damaged."""
    report(context, _chosen(opened().data, reference))


def _chosen(assets: DataAssets, reference: str | None) -> list[tuple[DataAsset, int]]:
    if reference is None:
        return [(asset, version) for asset in assets for version in asset.version_numbers()]
    if is_one(reference):
        return [assets.locate(reference)]
    found = assets.get(reference)
    return [(found, number) for number in found.version_numbers()]
