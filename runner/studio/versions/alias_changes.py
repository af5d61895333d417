"""The history of aliases: which version each pointed to, and when it moved."""

from __future__ import annotations

from dataclasses import dataclass

from runner.api import DataAsset, Model

_MOST = 100  # changes that a page lists


@dataclass(frozen=True)
class Change:
    """A move of an alias from version `before` to version `after`; None stands for no version."""

    time: str
    alias: str
    before: int | None
    after: int | None


def alias_changes(named: Model | DataAsset) -> list[Change]:
    """Return the latest moves of all aliases, newest first."""
    current: dict[str, int | None] = {}
    changes = []
    for line in named.alias_history():
        alias, after = line["alias"], line["version"]
        changes.append(Change(line["time"], alias, current.get(alias), after))
        current[alias] = after
    return changes[: -_MOST - 1 : -1]
