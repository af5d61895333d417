"""``vivero models tag`` and ``vivero models delete``."""

from __future__ import annotations

import click

from runner.commands.common import confirm, global_options, known_versions, registry, wants_json, workspace
from runner.commands.output import emit_json, note, say
from runner.errors import UserError


@click.command()
@click.argument("reference", metavar="NAME:VERSION")
@click.argument("tags", nargs=-1, required=True, metavar="KEY=VALUE|KEY-...")
@global_options
def tag(reference: str, tags: tuple[str, ...]) -> None:
    """Set tags of a version with KEY=VALUE, remove them with KEY-."""
    if ":" not in reference and "@" not in reference:
        raise UserError(
            f"'{reference}' does not name a version", f"Name one: vivero models tag {reference}:VERSION ..."
        )
    changes = dict(_change(word) for word in tags)
    store = registry(workspace())
    record = store.resolve(reference)
    record = store.tag(record.name, record.version, changes)
    if wants_json():
        emit_json({"name": record.name, "version": record.version, "tags": record.tags})
    else:
        shown = ", ".join(f"{key}={value}" for key, value in record.tags.items()) or "none"
        say(f"Tags of {record.name}:{record.version}: {shown}")


def _change(word: str) -> tuple[str, str | None]:
    key, equals, value = word.partition("=")
    if equals and key:
        return key, value
    if not equals and len(key) > 1 and key.endswith("-"):
        return key[:-1], None
    raise UserError(f"'{word}' is neither KEY=VALUE, which sets a tag, nor KEY-, which removes it")


@click.command()
@click.argument("reference", metavar="NAME:VERSION|NAME")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@click.option("--force", is_flag=True, help="Even if an endpoint serves it. Prints what breaks.")
@global_options
def delete(reference: str, yes: bool, force: bool) -> None:
    """Remove a version, or with NAME alone the model with all its versions."""
    from runner.endpoints.store import EndpointStore

    store = registry(workspace())
    if ":" in reference or "@" in reference:
        record = store.resolve(reference)
        name, version = record.name, record.version
        what = f"version {version} of model {name}"
    else:
        name, version = reference, None
        count = len(known_versions(store, name))
        what = f"model {name} with {'its version' if count == 1 else f'all {count} versions'}"
    needed = EndpointStore(workspace()).needing(name, version)
    if needed and not force:
        raise UserError(
            f"{what[0].upper()}{what[1:]} was not removed: {'; '.join(needed)}",
            "Deploy another version first, or add --force; the endpoint will then fail to start again",
        )
    for one in needed:
        note(f"warning: {one}, which will not start again without it")
    store.check_delete(name, version)
    confirm(f"Remove {what}?", yes)
    store.delete(name, version)
    if wants_json():
        emit_json({"name": name, "version": version, "deleted": True})
    else:
        say(f"Removed {what}")
