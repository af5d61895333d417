"""Shared by the commands about models and data assets: versions in tables, their tags and their removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.commands.common import tag_change, wants_json
from runner.commands.output import emit_json, say, show_value
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.console.tables import Column


def names_version(reference: str) -> bool:
    """Return whether a reference names a version, as ``iris:1`` and ``iris@champion`` do and ``iris`` does not."""
    return ":" in reference or "@" in reference


def columns_of_name(title: str) -> list[Column | str]:
    """Return the first columns of a list, whose cells `cells_of_name` returns."""
    from runner.console.tables import Column

    latest, versions = Column("LATEST", right=True), Column("VERSIONS", right=True, optional=4)
    return [title, latest, versions, Column("ALIASES", cut=True)]


def cells_of_name(row: Mapping[str, Any]) -> list[str]:
    """Return the name, the latest version, the number of versions and the aliases of a row."""
    aliases = " ".join(f"{alias}={version}" for alias, version in sorted(row["aliases"].items()))
    return [row["name"], show_value(row["version"]), str(row["versions"]), aliases]


def tag_changes(group: str, reference: str, words: tuple[str, ...]) -> dict[str, str | None]:
    """Return the value of each tag to set, and None for each tag to remove, by key.

    Raises
    ------
    UserError
        If the reference names no version, or a word is neither KEY=VALUE nor KEY-.
    """
    if not names_version(reference):
        raise UserError(
            f"'{reference}' does not name a version", f"Name one: vivero {group} tag {reference}:VERSION ..."
        )
    return dict(tag_change(word) for word in words)


def say_tags(reference: str, tags: Mapping[str, str]) -> None:
    """Print the tags of a version."""
    shown = ", ".join(f"{key}={value}" for key, value in tags.items()) or "none"
    say(f"Tags of {reference}: {shown}")


def what_is_removed(kind: str, name: str, number: int | None, versions: int) -> str:
    """Return what is removed, for messages: version `number`, or all `versions` of them if it is None."""
    if number is not None:
        return f"version {number} of {kind} {name}"
    return f"{kind} {name} with {'its version' if versions == 1 else f'all {versions} versions'}"


def report_removal(what: str, name: str, number: int | None) -> None:
    """Print that something was removed."""
    if wants_json():
        emit_json({"name": name, "version": number, "deleted": True})
    else:
        say(f"Removed {what}")
