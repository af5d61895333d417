"""Actions on a version of a data asset. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable

from runner.api import DataVersion, UserError


def _set_alias(version: DataVersion, alias: str) -> str:
    if not alias:
        raise UserError("An alias has a name", "For example: golden")
    version.set_alias(alias)
    return f"{alias} points to version {version.version}"


def _drop_alias(version: DataVersion, alias: str) -> str:
    version.drop_alias(alias)
    return f"{alias} was dropped"


def _tag(version: DataVersion, text: str) -> str:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name:
        raise UserError("A tag has a name", "Write NAME=VALUE, or NAME alone to remove it")
    version.set_tags({name: value if equals else None})
    return f"Tagged {name}" if equals else f"Removed the tag {name}"


def _describe(version: DataVersion, text: str) -> str:
    version.describe(text or None)
    return "The description was changed" if text else "The description was removed"


def _verify(version: DataVersion, _value: str) -> str:
    problems = version.verify()
    if problems:
        raise UserError(f"{version.reference}: {'; '.join(problems[:5])}", "Do not train with it")
    return f"{version.reference} is as it was added: each file has its SHA-256"


def _delete(version: DataVersion, _value: str) -> str:
    version.delete()
    return f"{version.reference} was deleted"


ACTIONS: dict[str, Callable[[DataVersion, str], str]] = {
    "alias": _set_alias, "drop": _drop_alias, "tag": _tag, "describe": _describe, "verify": _verify, "delete": _delete,
}  # fmt: skip
