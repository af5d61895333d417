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
    found = rows()
    if wants_json():
        emit_json(found)
    elif found:
        _print(found)
    else:
        note("No environments yet")


def rows() -> list[dict[str, Any]]:
    """Return a row for each environment, newest last."""
    from datetime import UTC, datetime

    from runner.commands.environments.images import image_sizes
    from runner.commands.environments.needs import last_used, needs
    from runner.environments.catalogue import kept
    from runner.io.clock import write_time

    layout = workspace()
    needed, used, there = needs(layout), last_used(layout), kept(layout)
    sizes = image_sizes([one.record.image_id for one in there if one.record and one.record.image_id])
    found = []
    for one in there:
        record, created = one.record, write_time(datetime.fromtimestamp(one.created, UTC))
        began = used.get(one.key)
        found.append(
            {
                "key": one.key,
                "kind": record.kind if record else None,
                "python": record.python_version if record else None,
                "packages": len(record.packages) if record else None,
                "image": record.image if record else None,
                "bytes": sizes.get(record.image_id) if record and record.image_id else one.size(),
                "created": created,
                "last_used": began and max(began, created),  # the run that built it started earlier
                "needed_by": needed.of(one.key),
                "problem": one.problem,
            }
        )
    return found


def _print(found: list[dict[str, Any]]) -> None:
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
        for row in found
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
    show_table(columns, lines, ids=[run for row in found for run in row["needed_by"]])


def _needed(by: list[str]) -> str:
    more = f" and {len(by) - 2} more" if len(by) > 2 else ""
    return f"{', '.join(by[:2])}{more}"
