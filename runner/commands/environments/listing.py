"""``vivero environments``: lists the environments of a workspace."""

from __future__ import annotations

from typing import Any

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.lazy import LazyGroup
from runner.commands.output import emit_json, note, show_table, show_time

_COMMANDS = {
    "show": "runner.commands.environments.show:show",
    "build": "runner.commands.environments.build:build",
    "prune": "runner.commands.environments.prune:prune",
    "export": "runner.commands.environments.export:export",
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, invoke_without_command=True)
@global_options
@click.pass_context
def environments(context: click.Context) -> None:
    """List environments, or show, build, export and prune them.

    KEY may be any unique part of a key.
    """
    if context.invoked_subcommand is not None:
        return
    from runner.api.environments.listing import rows

    listing = rows(workspace())
    if wants_json():
        emit_json(listing)
    elif listing:
        _print(listing)
    else:
        note("No environments yet")


def _print(listing: list[dict[str, Any]]) -> None:
    from runner.commands.output import show_bytes
    from runner.console.tables import Column

    lines = [
        [
            row["key"][:12],
            row["kind"] or "",
            row["python"] or "",
            "" if row["packages"] is None else str(row["packages"]),
            "unknown" if row["bytes"] is None else show_bytes(row["bytes"]),
            show_time(row["created"]),
            show_time(row["last_used"]),
            row["problem"] or _needed(row["needed_by"]),
        ]
        for row in listing
    ]
    columns: list[Column | str] = [
        "KEY",
        "KIND",
        Column("PYTHON", optional=4),
        Column("PACKAGES", right=True, optional=2),
        Column("SIZE", right=True),
        Column("CREATED", optional=1),
        Column("LAST USED", optional=3),
        Column("NEEDED BY", fold=True),
    ]
    show_table(columns, lines, ids=[run for row in listing for run in row["needed_by"]])


def _needed(by: list[str]) -> str:
    more = f" and {len(by) - 2} more" if len(by) > 2 else ""
    return f"{', '.join(by[:2])}{more}"
