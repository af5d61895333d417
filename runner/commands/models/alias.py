"""``vivero models alias``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, known_versions, registry, wants_json, workspace
from runner.commands.output import emit_json, note, say, show_table, show_time
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.store.registry import FileRegistry


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="[ALIAS]", required=False)
@click.argument("version", metavar="[VERSION]", required=False)
@click.option("--delete", is_flag=True, help="Remove the alias.")
@click.option("--at", metavar="DATE", help="Show the aliases at that time. A day means its end, local time.")
@global_options
def alias(name: str, alias_name: str | None, version: str | None, delete: bool, at: str | None) -> None:
    """Move or remove an alias. With NAME alone, show all changes of the model's aliases."""
    store = registry(workspace())
    if not store.alias_history(name):  # the aliases of a removed model can still be shown
        known_versions(store, name)
    if version is not None or delete:
        if alias_name is None or at is not None or (version is not None) == delete:
            raise UserError("Give NAME ALIAS VERSION to move an alias, or NAME ALIAS --delete to remove it")
        _move(store, name, alias_name, version)
    elif at is not None:
        _show_at(store, name, alias_name, at)
    else:
        _show_history(store, name, alias_name)


def _move(store: FileRegistry, name: str, alias_name: str, version: str | None) -> None:
    number = None if version is None else store.resolve(f"{name}:{version}").version
    store.set_alias(name, alias_name, number)
    if wants_json():
        emit_json({"name": name, "alias": alias_name, "version": number})
    else:
        say(f"{name}@{alias_name} is version {number}" if number is not None else f"Removed {name}@{alias_name}")


def _show_at(store: FileRegistry, name: str, alias_name: str | None, at: str) -> None:
    found = store.aliases(name, at=_moment(at))
    if alias_name is not None:
        found = {key: value for key, value in found.items() if key == alias_name}
    if wants_json():
        emit_json(found)
    elif found:
        for key, number in sorted(found.items()):
            say(f"{name}@{key} was version {number}")
    else:
        note(f"Model {name} had no alias{f' {alias_name}' if alias_name else ''} at that time")


def _show_history(store: FileRegistry, name: str, alias_name: str | None) -> None:
    history = [change for change in store.alias_history(name) if alias_name in (None, change["alias"])]
    if wants_json():
        emit_json(history)
    elif history:
        from runner.console.tables import Column

        rows = [
            [
                show_time(change["time"]),
                change["alias"],
                "dropped" if change["version"] is None else str(change["version"]),
            ]
            for change in history
        ]
        show_table(["WHEN", "ALIAS", Column("VERSION", right=True)], rows)
    else:
        note(f"Model {name} never had {f'the alias {alias_name}' if alias_name else 'an alias'}")


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
