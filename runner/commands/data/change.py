"""``vivero data tag`` and ``vivero data delete``."""

from __future__ import annotations

import click

from runner.commands.common import confirm, global_options, opened, wants_json
from runner.commands.output import emit_json, note, say
from runner.commands.versions import names_version, report_removal, say_tags, tag_changes, what_is_removed
from runner.errors import UserError


@click.command()
@click.argument("reference", metavar="NAME:VERSION")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE|KEY-...]")
@click.option("--description", metavar="TEXT", help="Replace the description. An empty text removes it.")
@global_options
def tag(reference: str, tags: tuple[str, ...], description: str | None) -> None:
    """Set tags of a version with KEY=VALUE, remove them with KEY-, or replace its description."""
    changes = tag_changes("data", reference, tags)
    if not tags and description is None:
        raise UserError("Nothing to change: give KEY=VALUE, KEY- or --description TEXT")
    version = opened().data.version(reference)
    if changes:
        version.set_tags(changes)
    if description is not None:
        version.describe(description or None)
    if wants_json():
        facts = {"name": version.name, "version": version.version, "tags": version.tags}
        emit_json({**facts, "description": version.description})
        return
    if changes:
        say_tags(version.reference, version.tags)
    if description is not None:
        say(f"Description of {version.reference}: {version.description or 'none'}")


@click.command()
@click.argument("reference", metavar="NAME:VERSION|NAME")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@click.option("--force", is_flag=True, help="Even if a run, a model, an endpoint or an alias names it.")
@global_options
def delete(reference: str, yes: bool, force: bool) -> None:
    """Remove a version, or with NAME alone the asset with all its versions."""
    assets, number = opened().data, None
    if names_version(reference):
        asset, number = assets.locate(reference)
    else:
        asset = assets.get(reference)
    what = what_is_removed("data asset", asset.name, number, len(asset.version_numbers()))
    asset.check_delete(number, force=force)
    for reason in asset.needed_by(number) if force else ():
        note(f"warning: {reason}")
    confirm(f"Remove {what}?", yes)
    asset.delete(number, force=force)
    report_removal(what, asset.name, number)
