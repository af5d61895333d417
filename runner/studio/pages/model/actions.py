"""Actions on a version of a model. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable

from runner.api import ModelVersion
from runner.errors import UserError


def _set_alias(version: ModelVersion, alias: str) -> str:
    if not alias:
        raise UserError("An alias has a name", "For example: champion")
    version.set_alias(alias)
    return f"{alias} points to version {version.version}"


def _drop_alias(version: ModelVersion, alias: str) -> str:
    version.drop_alias(alias)
    return f"{alias} was dropped"


def _tag(version: ModelVersion, text: str) -> str:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name:
        raise UserError("A tag has a name", "Write NAME=VALUE, or NAME alone to remove it")
    version.tag(name, value if equals else None)
    return f"Tagged {name}" if equals else f"Removed the tag {name}"


def _verify(version: ModelVersion, _value: str) -> str:
    problems = version.verify()
    if problems:
        raise UserError(f"{version.reference}: {'; '.join(problems[:5])}", "Do not load it")
    return f"{version.reference} is as it was registered: each file has its SHA-256"


def _delete(version: ModelVersion, _value: str) -> str:
    version.delete()
    return f"{version.reference} was deleted"


ACTIONS: dict[str, Callable[[ModelVersion, str], str]] = {
    "alias": _set_alias, "drop": _drop_alias, "tag": _tag, "verify": _verify, "delete": _delete,
}  # fmt: skip
