"""``vivero data``: lists the data assets."""

from __future__ import annotations

from typing import Any

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.lazy import LazyGroup
from runner.commands.output import emit_json, note, show_bytes, show_table, show_time, show_value
from runner.commands.versions import cells_of_name, columns_of_name

_COMMANDS = {
    "add": "runner.commands.data.add:add",
    "show": "runner.commands.data.show:show",
    "preview": "runner.commands.data.show:preview",
    "download": "runner.commands.data.download:download",
    "alias": "runner.commands.data.alias:alias",
    "tag": "runner.commands.data.change:tag",
    "delete": "runner.commands.data.change:delete",
    "verify": "runner.commands.data.verify:verify",
    "diff": "runner.commands.data.diff:diff",
}
_SHOWN = 50


@click.group(cls=LazyGroup, lazy=_COMMANDS, invoke_without_command=True)
@global_options
@click.pass_context
def data(context: click.Context) -> None:
    """List the data assets, or add, show, preview, alias, tag, download, compare, delete and verify them.

    A version is named NAME:VERSION, NAME:latest or NAME@ALIAS; NAME alone is its latest version.
    """
    if context.invoked_subcommand is not None:
        return
    assets = opened().data.rows()
    if wants_json():
        emit_json(assets)
    elif assets:
        _print(assets[:_SHOWN])
        if len(assets) > _SHOWN:
            note(f"and {len(assets) - _SHOWN} more: show all with --json")
    else:
        note("No data assets yet")


def _print(assets: list[dict[str, Any]]) -> None:
    from runner.console.tables import Column

    rows = [
        [
            *cells_of_name(row),
            row.get("type") or "",
            show_value(row.get("rows")),
            show_value(row.get("files")),
            show_bytes(row.get("bytes")),
            show_time(row.get("created")),
            row["error"] or row.get("description") or "",
        ]
        for row in assets
    ]
    columns: list[Column | str] = [
        *columns_of_name("DATA"),
        "TYPE",
        Column("ROWS", right=True),
        Column("FILES", right=True, optional=3),
        Column("SIZE", right=True),
        Column("CREATED", optional=2),
        Column("DESCRIPTION", cut=True, fold=any(row["error"] for row in assets)),
    ]
    show_table(columns, rows)
