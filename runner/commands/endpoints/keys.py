"""``vivero keys``."""

from __future__ import annotations

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, note, say, show_time


@click.command()
@click.argument("endpoint")
@click.option("--rotate", metavar="WHICH", help="Replace the primary or the secondary key. The other one stays valid.")
@global_options
def keys(endpoint: str, rotate: str | None) -> None:
    """Show when an endpoint's keys were created, or replace one. A key is shown only once; its hash is stored."""
    target = opened().endpoints.get(endpoint)
    if rotate is not None:
        key = target.make_key(rotate)
        if wants_json():
            emit_json({"name": endpoint, "which": rotate, "key": key})
        else:
            say(f"{rotate} key (shown once): {key}")
        return
    made = target.keys
    if wants_json():
        emit_json({which: {"created": created} for which, created in made.items()})
    elif made:
        for which, created in made.items():
            say(f"{which:<10} made {show_time(created)}")
    else:
        note(f"Endpoint {endpoint} has no keys")
