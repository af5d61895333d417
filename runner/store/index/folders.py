"""The folders of runs, and which were added or removed. An experiment's folder is listed again if it has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from runner.io.json_records import warn_once
from runner.layout import Layout, RunLayout
from runner.store.finding import entries

_SETTLED = 2_000_000_000  # nanoseconds after which a later change is certain to alter a folder's time
_RECORD = str(RunLayout.record)


@dataclass(frozen=True)
class _Group:
    """The folders of an experiment. `changed` is None if a change could have left the time of the folder as it is."""

    changed: int | None
    names: frozenset[str]


class RunFolders:
    """The names of the folders of all runs, grouped by experiment."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._groups: dict[str, _Group] = {}

    def changed(self) -> tuple[set[str], set[str]]:
        """Return the paths of folders that are new since the last call, and of those that are gone."""
        before, self._groups = self._groups, self._listed()
        new, gone = set[str](), set[str]()
        for name in before.keys() | self._groups.keys():
            were, are = before.get(name, _NONE).names, self._groups.get(name, _NONE).names
            if were is not are:
                new |= {f"{name}/{run_id}" for run_id in are - were}
                gone |= {f"{name}/{run_id}" for run_id in were - are}
        return new, gone

    def __contains__(self, path: str) -> bool:
        group, _, name = path.rpartition("/")
        return name in self._groups.get(group, _NONE).names

    def list_all(self) -> None:
        """List all folders."""
        self._groups = self._listed()

    def in_order(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each group with the names in it, all in the order of their paths."""
        for group in sorted(self._groups, key=lambda group: f"{group}/"):
            yield group, sorted(self._groups[group].names)

    def _listed(self) -> dict[str, _Group]:
        groups = {}
        for entry in entries(self._layout.runs):
            name = f"{Layout.runs}/{entry.name}"
            before = self._groups.get(name)
            unchanged = before is not None and before.changed is not None and before.changed == _changed(entry.path)
            groups[name] = before if before is not None and unchanged else _list(name, entry.path)
        return groups


_NONE = _Group(None, frozenset())


def _list(name: str, folder: str) -> _Group:
    changed = _changed(folder)
    settled = changed is not None and time.time_ns() - changed > _SETTLED
    names = []
    for run in entries(folder):
        if run.name[0] == ".":
            continue
        if f"{name}/{run.name}".isascii():  # other names are not runs and may not be valid text
            names.append(run.name)
        elif os.path.lexists(f"{run.path}/{_RECORD}"):
            warn_once(f"{name}/{run.name}", f"{run.path} is skipped: it is not named like a run")
    return _Group(changed if settled else None, frozenset(names))


def _changed(folder: str) -> int | None:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - follows links, as listing does
    except OSError:
        return None


def stamp_of(folder: str) -> str | None:
    """Return a stamp that changes with a run's record, or None if there is no record."""
    try:
        state = os.lstat(f"{folder}/{_RECORD}")
    except OSError:
        return None
    return f"{state.st_mtime_ns} {state.st_size} {state.st_ino}"
