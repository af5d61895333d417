"""``vivero data alias``."""

from __future__ import annotations

import click

from runner.commands.aliases import check_name, move, show_history
from runner.commands.common import global_options, opened
from runner.errors import UserError


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="[ALIAS]", required=False)
@click.argument("version", metavar="[VERSION]", required=False)
@click.option("--delete", "--remove", "delete", is_flag=True, help="Remove the alias.")
@global_options
def alias(name: str, alias_name: str | None, version: str | None, delete: bool) -> None:
    """Move or remove an alias. With NAME alone, show all changes of the asset's aliases."""
    check_name("data", name)
    data = opened().data
    asset = data.get(name)
    if version is not None and delete:
        raise UserError("Give VERSION or --delete, not both")
    if version is not None or delete:
        move(asset, alias_name, None if delete else lambda: data.version(f"{name}:{version}"))
    else:
        show_history(f"Data asset {name}", asset.alias_history(), alias_name)
