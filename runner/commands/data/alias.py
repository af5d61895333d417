"""``vivero data alias``."""

from __future__ import annotations

import click

from runner.commands.aliases import show_history
from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, say
from runner.errors import UserError


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="[ALIAS]", required=False)
@click.argument("version", metavar="[VERSION]", required=False)
@click.option("--remove", is_flag=True, help="Remove the alias.")
@global_options
def alias(name: str, alias_name: str | None, version: str | None, remove: bool) -> None:
    """Move or remove an alias. With NAME alone, show all changes of the asset's aliases."""
    asset = opened().data.get(name)
    if version is None and not remove:
        show_history(f"Data asset {name}", asset.alias_history(), alias_name)
        return
    if alias_name is None or (version is not None) == remove:
        raise UserError("Give NAME ALIAS VERSION to move an alias, or NAME ALIAS --remove to remove it")
    number = None
    if version is None:
        asset.drop_alias(alias_name)
    else:
        asset_version = opened().data.version(f"{name}:{version}")
        asset_version.set_alias(alias_name)
        number = asset_version.version
    if wants_json():
        emit_json({"name": name, "alias": alias_name, "version": number})
    else:
        say(f"{name}@{alias_name} is version {number}" if number is not None else f"Removed {name}@{alias_name}")
