"""Actions on a version of a data asset. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable

from runner.api import DataVersion, UserError
from runner.studio.versions import actions


def _describe(version: DataVersion, text: str) -> str:
    version.describe(text or None)
    return "The description was changed" if text else "The description was removed"


def _verify(version: DataVersion, _value: str) -> str:
    problems = version.verify()
    if problems:
        raise UserError(f"{version.reference}: {'; '.join(problems[:5])}", "Do not train with it")
    return f"{version.reference} is as it was added: each file has its SHA-256"


ACTIONS: dict[str, Callable[[DataVersion, str], str]] = {
    **actions.ACTIONS, "describe": _describe, "verify": _verify,
}  # fmt: skip
