"""Actions on a version of a model or a data asset. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable

from runner.api import DataVersion, ModelVersion, UserError

Version = ModelVersion | DataVersion


def _set_alias(version: Version, alias: str) -> str:
    if not alias:
        raise UserError("An alias has a name", "For example: champion")
    version.set_alias(alias)
    return f"{alias} points to version {version.version}"


def _drop_alias(version: Version, alias: str) -> str:
    version.drop_alias(alias)
    return f"{alias} was dropped"


def _tag(version: Version, text: str) -> str:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name:
        raise UserError("A tag has a name", "Write NAME=VALUE, or NAME alone to remove it")
    version.tag(name, value if equals else None)
    return f"Tagged {name}" if equals else f"Removed the tag {name}"


def _delete(version: Version, _value: str) -> str:
    version.delete()
    return f"{version.reference} was deleted"


ACTIONS: dict[str, Callable[[Version, str], str]] = {
    "alias": _set_alias, "drop": _drop_alias, "tag": _tag, "delete": _delete,
}  # fmt: skip
