"""Moves and shows aliases, for the commands about models and data assets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from runner.commands.common import wants_json
from runner.commands.output import emit_json, note, say, show_table, show_time
from runner.commands.versions import names_version
from runner.errors import UserError


class Named(Protocol):
    """A model or a data asset."""

    @property
    def name(self) -> str:
        """Its name."""

    def drop_alias(self, alias: str) -> None:
        """Remove an alias."""


class Version(Protocol):
    """A version of a model or a data asset."""

    @property
    def version(self) -> int:
        """Its number."""

    def set_alias(self, alias: str) -> None:
        """Move an alias to it."""


def check_name(group: str, name: str) -> None:
    """Refuse a reference such as ``iris:1`` where a name belongs, and show where its version is given."""
    bare, *version = re.split("[:@]", name, maxsplit=1)
    if bare and names_version(name):
        raise UserError(
            f"Aliases belong to the name {bare}, not to {name}",
            f"To move an alias: vivero {group} alias {bare} ALIAS {version[0] or 'VERSION'}",
        )


def move(named: Named, alias: str | None, find: Callable[[], Version] | None) -> None:
    """Move an alias to the version that `find` returns, or remove it if there is no `find`, and report it.

    Raises
    ------
    UserError
        If no alias is given, or there is no such version.
    """
    if alias is None:
        raise UserError("Give NAME ALIAS VERSION to move an alias, or NAME ALIAS --delete to remove it")
    number = None
    if find is None:
        named.drop_alias(alias)
    else:
        version = find()
        version.set_alias(alias)
        number = version.version
    if wants_json():
        emit_json({"name": named.name, "alias": alias, "version": number})
    else:
        say(f"{named.name}@{alias} is version {number}" if number is not None else f"Removed {named.name}@{alias}")


def show_history(what: str, changes: list[dict[str, Any]], alias: str | None) -> None:
    """Print the changes of all aliases, or of one. `what` names the model or data asset in the message."""
    history = [change for change in changes if alias in (None, change["alias"])]
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
        note(f"{what} never had {f'the alias {alias}' if alias else 'an alias'}")
