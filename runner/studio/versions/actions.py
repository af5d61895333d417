"""Actions on a version of a model or a data asset. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import abort, request
from flask.typing import ResponseReturnValue

from runner.api import DataVersion, ModelVersion, UserError
from runner.studio.page import answer
from runner.studio.tags import read_tag

Version = ModelVersion | DataVersion
V = TypeVar("V", ModelVersion, DataVersion)


def _set_alias(version: Version, alias: str) -> str:
    if not alias:
        raise UserError("An alias has a name", "For example: champion")
    version.set_alias(alias)
    return f"{alias} points to version {version.version}"


def _drop_alias(version: Version, alias: str) -> str:
    version.drop_alias(alias)
    return f"{alias} was dropped"


def _tag(version: Version, text: str) -> str:
    name, value = read_tag(text)
    version.tag(name, value)
    return f"Removed the tag {name}" if value is None else f"Tagged {name}"


def _delete(version: Version, _value: str) -> str:
    version.delete()
    return f"{version.reference} was deleted"


ACTIONS: dict[str, Callable[[Version, str], str]] = {
    "alias": _set_alias, "drop": _drop_alias, "tag": _tag, "delete": _delete,
}  # fmt: skip


def carry_out(actions: Mapping[str, Callable[[V, str], str]], action: str, version: V) -> ResponseReturnValue:
    """Carry out an action on a version with the value that the page sent, and return its message."""
    do = actions.get(action)
    if do is None:
        abort(404)
    return answer(done=do(version, request.form.get("value", "").strip()))
