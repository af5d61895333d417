"""How aliases moved from version to version."""

from __future__ import annotations

from dataclasses import dataclass

from runner.api import DataAsset, Model

_MOST = 100


@dataclass(frozen=True)
class Change:
    """A move of an alias. `before` and `after` are versions, None where it pointed to none."""

    time: str
    alias: str
    before: int | None
    after: int | None


def alias_changes(named: Model | DataAsset) -> list[Change]:
    """Return the moves of all aliases, newest first."""
    at: dict[str, int | None] = {}
    found = []
    for line in named.alias_history():
        alias, after = line["alias"], line["version"]
        found.append(Change(line["time"], alias, at.get(alias), after))
        at[alias] = after
    return found[: -_MOST - 1 : -1]
