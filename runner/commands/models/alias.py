"""``vivero models alias``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.aliases import check_name, move, show_history
from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, note, say
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.models import Model


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="[ALIAS]", required=False)
@click.argument("version", metavar="[VERSION]", required=False)
@click.option("--delete", is_flag=True, help="Remove the alias.")
@click.option("--at", metavar="DATE", help="Show the aliases at that time. A day means its end, local time.")
@global_options
def alias(name: str, alias_name: str | None, version: str | None, delete: bool, at: str | None) -> None:
    """Move or remove an alias. With NAME alone, show all changes of the model's aliases."""
    from runner.api.models import Model, find_model

    check_name("models", name)
    workspace = opened()
    model = Model(workspace, name)
    if not model.alias_history():  # the aliases of a removed model can still be shown
        find_model(workspace, name)
    if (version is not None) + delete + (at is not None) > 1:
        raise UserError("Give one of VERSION, --delete and --at")
    if version is not None or delete:
        move(model, alias_name, None if delete else lambda: workspace.model(f"{name}:{version}"))
    elif at is not None:
        _show_at(model, alias_name, at)
    else:
        show_history(f"Model {name}", model.alias_history(), alias_name)


def _show_at(model: Model, alias_name: str | None, at: str) -> None:
    name, aliases = model.name, model.aliases_at(_moment(at))
    if alias_name is not None:
        aliases = {key: value for key, value in aliases.items() if key == alias_name}
    if wants_json():
        emit_json(aliases)
    elif aliases:
        for key, number in sorted(aliases.items()):
            say(f"{name}@{key} was version {number}")
    else:
        note(f"Model {name} had no alias{f' {alias_name}' if alias_name else ''} at that time")


def _moment(text: str) -> str:
    """Return a date or time from the command line in the format of records."""
    from datetime import date, datetime, time

    from runner.io.clock import write_time

    try:
        if len(text) <= len("2026-07-01"):
            return write_time(datetime.combine(date.fromisoformat(text), time.max).astimezone())
        return write_time(datetime.fromisoformat(text).astimezone())
    except ValueError as error:
        raise UserError(f"'{text}' is not a date", "Write 2026-07-01 or 2026-07-01T12:00:00") from error
