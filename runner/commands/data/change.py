"""``vivero data tag`` and ``vivero data delete``."""

from __future__ import annotations

import click

from runner.commands.common import confirm, global_options, opened, tag_change, wants_json
from runner.commands.output import emit_json, note, say
from runner.errors import UserError


@click.command()
@click.argument("reference", metavar="NAME:VERSION")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE|KEY-...]")
@click.option("--description", metavar="TEXT", help="Replace the description. An empty text removes it.")
@global_options
def tag(reference: str, tags: tuple[str, ...], description: str | None) -> None:
    """Set tags of a version with KEY=VALUE, remove them with KEY-, or replace its description."""
    if ":" not in reference and "@" not in reference:
        raise UserError(f"'{reference}' does not name a version", f"Name one: vivero data tag {reference}:VERSION ...")
    if not tags and description is None:
        raise UserError("Nothing to change: give KEY=VALUE, KEY- or --description TEXT")
    changes = dict(tag_change(word) for word in tags)
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
        shown = ", ".join(f"{key}={value}" for key, value in version.tags.items()) or "none"
        say(f"Tags of {version.reference}: {shown}")
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
    if ":" in reference or "@" in reference:
        asset, number = assets.locate(reference)
        what = f"version {number} of data asset {asset.name}"
    else:
        asset = assets.get(reference)
        count = len(asset.version_numbers())
        what = f"data asset {asset.name} with {'its version' if count == 1 else f'all {count} versions'}"
    asset.check_delete(number, force=force)
    for reason in asset.needed_by(number) if force else ():
        note(f"warning: {reason}")
    confirm(f"Remove {what}?", yes)
    asset.delete(number, force=force)
    if wants_json():
        emit_json({"name": asset.name, "version": number, "deleted": True})
    else:
        say(f"Removed {what}")
