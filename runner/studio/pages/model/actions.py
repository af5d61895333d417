"""Actions on a version of a model. Each returns a message about what it did."""

from __future__ import annotations

from collections.abc import Callable

from runner.api import ModelVersion, UserError
from runner.studio.versions import actions


def _verify(version: ModelVersion, _value: str) -> str:
    problems = version.verify()
    if problems:
        raise UserError(f"{version.reference}: {'; '.join(problems[:5])}", "Do not load it")
    return f"{version.reference} is as it was registered: each file has its SHA-256"


ACTIONS: dict[str, Callable[[ModelVersion, str], str]] = {**actions.ACTIONS, "verify": _verify}
