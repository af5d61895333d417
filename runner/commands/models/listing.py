"""``vivero models``: lists the registered models."""

from __future__ import annotations

from typing import Any

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.lazy import LazyGroup
from runner.commands.output import emit_json, note, show_table, show_time
from runner.commands.versions import cells_of_name, columns_of_name

_COMMANDS = {
    "show": "runner.commands.models.show:show",
    "register": "runner.commands.models.register:register",
    "alias": "runner.commands.models.alias:alias",
    "tag": "runner.commands.models.change:tag",
    "download": "runner.commands.models.download:download",
    "delete": "runner.commands.models.change:delete",
    "verify": "runner.commands.models.verify:verify",
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, invoke_without_command=True)
@global_options
@click.pass_context
def models(context: click.Context) -> None:
    """List the registered models, or show, alias, tag, download, delete and verify them.

    A version is named NAME:VERSION, NAME:latest or NAME@ALIAS; NAME alone is its latest version.
    """
    if context.invoked_subcommand is not None:
        return
    listed = [model.row for model in opened().models()]
    if wants_json():
        emit_json(listed)
    elif listed:
        _print(listed)
    else:
        note("No models yet")


def _print(listed: list[dict[str, Any]]) -> None:
    from runner.console.tables import Column

    rows = [
        [
            *cells_of_name(row),
            " ".join(text for text in (row.get("framework"), row.get("framework_version")) if text),
            show_time(row.get("created")),
            row["error"] or row.get("run") or "",
        ]
        for row in listed
    ]
    columns: list[Column | str] = [
        *columns_of_name("MODEL"),
        Column("FRAMEWORK", optional=1),
        Column("CREATED", optional=2),
        Column("RUN", fold=any(row["error"] for row in listed)),
    ]
    show_table(columns, rows, ids=[row["run"] for row in listed if row.get("run")])
