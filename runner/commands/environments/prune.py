"""``vivero environments prune``: removes unneeded environments."""

from __future__ import annotations

import math
import time
from typing import Any

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, note, say, show_bytes
from runner.console.format import show_count
from runner.errors import UserError

_DAY = 86400


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be removed, but remove nothing.")
@click.option(
    "--older-than", type=float, default=0.0, metavar="DAYS", help="Only environments created more than DAYS ago."
)
@click.option("--keep", multiple=True, metavar="KEY", help="Keep this environment. May be repeated.")
@global_options
def prune(dry_run: bool, older_than: float, keep: tuple[str, ...]) -> None:
    """Remove the environments that no run, sweep, model version or endpoint needs.

    Runs that have ended do not need theirs: a rerun rebuilds it from its lock. An image is removed with its environment
    if this workspace built it, and so are images of model versions that no endpoint serves, and copies of the server's
    source that no running endpoint imports.
    """
    from runner.api.environments.images import image_sizes, prune_served, remove_image
    from runner.api.environments.needs import needs
    from runner.api.environments.servers import prune_sources
    from runner.environments.catalogue import find_environment, leftovers, remove, stored_environments
    from runner.io.folders import remove_tree
    from runner.io.removal import check_above

    layout = workspace()
    stored, needed = stored_environments(layout), needs(layout)
    spared = {find_environment(stored, text).key for text in keep}
    if needed.unknown:
        note(f"No environment is removed: any may be in use by {needed.unknown[0]}")
    if not older_than >= 0:  # also refuses nan
        raise UserError(f"--older-than: {older_than:g} is not a number of days. Give 0 or more")
    # Without --older-than, age does not matter, even if the clock was ahead at the time.
    until = time.time() - older_than * _DAY if older_than else math.inf
    sizes = image_sizes(
        [environment.record.image_id for environment in stored if environment.record and environment.record.image_id]
    )
    gone: list[dict[str, Any]] = []
    for environment in stored:
        if needed.unknown or needed.of(environment.key) or environment.key in spared or environment.created > until:
            continue
        image = environment.record.image_id if environment.record else None
        size = environment.size() + sizes.get(image or "", 0)
        if not dry_run and not remove(layout, environment, lambda: needs(layout)):
            continue
        what: dict[str, Any] = {"key": environment.key, "bytes": size, "image": image}
        if image and not dry_run:
            what["problem"] = remove_image(environment.key, str(layout.root))
        gone.append(what)
    if not dry_run:
        for path in leftovers(layout):
            check_above(layout.root, path)
            remove_tree(path)
    images = [] if needed.unknown else prune_served(layout, dry_run)
    sources = prune_sources(layout, dry_run)
    if wants_json():
        emit_json({"removed": gone, "images": images, "servers": sources, "dry_run": dry_run})
        return
    for what in gone:
        problem = f"; {what['problem']}" if what.get("problem") else ""
        say(f"{'Would remove' if dry_run else 'Removed'} {what['key'][:12]}, {show_bytes(what['bytes'])}{problem}")
    for image in images:
        say(f"{'Would remove' if dry_run else 'Removed'} image {image}")
    for source in sources:
        say(f"{'Would remove' if dry_run else 'Removed'} {layout.servers.name}/{source[:12]}, an old server's source")
    freed = show_bytes(sum(what["bytes"] for what in gone))
    total = f"{'Would remove' if dry_run else 'Removed'} {len(gone)} of {show_count(len(stored), 'environment')}"
    say(f"{total}, {freed}" if gone else total)
