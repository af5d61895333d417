"""``vivero models tag`` and ``vivero models delete``."""

from __future__ import annotations

import click

from runner.commands.common import confirm, global_options, opened, wants_json
from runner.commands.output import emit_json, note
from runner.commands.versions import names_version, report_removal, say_tags, tag_changes, what_is_removed
from runner.errors import UserError


@click.command()
@click.argument("reference", metavar="NAME:VERSION")
@click.argument("tags", nargs=-1, required=True, metavar="KEY=VALUE|KEY-...")
@global_options
def tag(reference: str, tags: tuple[str, ...]) -> None:
    """Set tags of a version with KEY=VALUE, remove them with KEY-."""
    changes = tag_changes("models", reference, tags)
    record = opened().model(reference).set_tags(changes).record
    if wants_json():
        emit_json({"name": record.name, "version": record.version, "tags": record.tags})
    else:
        say_tags(f"{record.name}:{record.version}", record.tags)


@click.command()
@click.argument("reference", metavar="NAME:VERSION|NAME")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@click.option("--force", is_flag=True, help="Even if an endpoint serves it. Prints what breaks.")
@global_options
def delete(reference: str, yes: bool, force: bool) -> None:
    """Remove a version, or with NAME alone the model with all its versions."""
    from runner.api.models import find_model, locate_version

    number: int | None = None
    if names_version(reference):
        model, number = locate_version(opened(), reference)
    else:
        model = find_model(opened(), reference)
    what = what_is_removed("model", model.name, number, len(model.version_numbers()))
    needed = model.needed_by(number)
    if needed and not force:
        raise UserError(
            f"{what[0].upper()}{what[1:]} was not removed: {'; '.join(needed)}",
            "Deploy another version first, or add --force; the endpoint will then fail to start again",
        )
    for endpoint in needed:
        note(f"warning: {endpoint}, which will not start again without it")
    model.check_delete(number)
    confirm(f"Remove {what}?", yes)
    model.delete(number, force=True)
    report_removal(what, model.name, number)
