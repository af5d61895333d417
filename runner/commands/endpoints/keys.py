"""``vivero keys``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, note, say, show_time


@click.command()
@click.argument("endpoint")
@click.option("--rotate", metavar="WHICH", help="Replace the primary or the secondary key. The other one stays valid.")
@global_options
def keys(endpoint: str, rotate: str | None) -> None:
    """Show when an endpoint's keys were created, or replace one. A key is shown only once; its hash is stored."""
    from runner.endpoints.store import EndpointStore

    store = EndpointStore(workspace())
    store.read(endpoint)
    if rotate is not None:
        key = store.make_key(endpoint, rotate)
        if wants_json():
            emit_json({"name": endpoint, "which": rotate, "key": key})
        else:
            say(f"{rotate} key (shown once): {key}")
        return
    found = store.keys(endpoint)
    if wants_json():
        emit_json({which: {"created": one["created"]} for which, one in found.items()})
    elif found:
        for which, one in found.items():
            say(f"{which:<10} made {show_time(one['created'])}")
    else:
        note(f"Endpoint {endpoint} has no keys")
