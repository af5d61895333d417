"""``vivero data verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened
from runner.commands.verification import report
from runner.commands.versions import names_version

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset, DataAssets


@click.command()
@click.argument("reference", metavar="[NAME[:VERSION]]", required=False)
@global_options
@click.pass_context
def verify(context: click.Context, reference: str | None) -> None:
    """Check the hashes of a version, an asset or all of them. The exit code is 2 if any content is damaged."""
    report(context, _chosen(opened().data, reference))


def _chosen(assets: DataAssets, reference: str | None) -> list[tuple[DataAsset, int | None]]:
    if reference is None:
        return [(asset, None) for asset in assets]
    if names_version(reference):
        return [assets.locate(reference)]
    return [(assets.get(reference), None)]
