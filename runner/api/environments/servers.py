"""Removes copies of the server's source that nothing imports any more."""

from __future__ import annotations

from runner.console.notes import note
from runner.endpoints.server_source import unused_copies
from runner.errors import UserError
from runner.io.removal import remove
from runner.layout import Layout


def prune_sources(layout: Layout, dry_run: bool) -> list[str]:
    """Remove the copies in ``servers/`` that neither this vivero nor a running endpoint uses; return their names.

    A copy that is needed again is written again.
    """
    try:
        unused = unused_copies(layout)
    except UserError as error:
        note(f"Copies of the server's source were kept: {error}")
        return []
    for one in unused if not dry_run else ():
        remove(layout.root, one)
    return [one.name for one in unused]
