"""The environments that a workspace keeps, and what needs each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.environments.build import LOCK
from runner.errors import UserError, nearest
from runner.io import removal
from runner.io.files import locked, remove_tree
from runner.io.json_records import read_record, read_text
from runner.layout import Layout
from runner.records import EnvironmentRecord
from runner.worker.environment_seal import RECORD

_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Kept:
    """One environment. `record` is None, and `problem` says why, if it cannot be read."""

    key: str
    folder: Path
    record: EnvironmentRecord | None
    problem: str | None
    created: float

    def lock(self) -> str:
        """Return what is installed in it.

        Raises
        ------
        UserError
            If that cannot be read.
        """
        try:
            return read_text(self.folder / LOCK)
        except FileNotFoundError:
            raise UserError(
                f"{self.folder / LOCK} does not exist", "It is written again the next time the environment is used"
            ) from None

    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(os.lstat(Path(parent, name)).st_size for parent, _, names in os.walk(self.folder) for name in names)


def kept(layout: Layout) -> list[Kept]:
    """Return all environments, the newest last."""
    if not layout.environments.is_dir():
        return []
    folders = [path for path in layout.environments.iterdir() if _KEY.fullmatch(path.name) and path.is_dir()]
    return sorted((_read(folder) for folder in folders), key=lambda one: (one.created, one.key))


def _read(folder: Path) -> Kept:
    path = folder / RECORD
    try:
        record = read_record(path, EnvironmentRecord)
        return Kept(folder.name, folder, record, None, path.stat().st_mtime)
    except FileNotFoundError:
        return Kept(
            folder.name, folder, None, "damaged; it will be rebuilt before its next use", folder.stat().st_mtime
        )
    except UserError as error:
        return Kept(folder.name, folder, None, str(error), folder.stat().st_mtime)


def meant(found: Sequence[Kept], text: str) -> Kept:
    """Return the environment that a part of a key names.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    fitting = [one for one in found if text and text in one.key]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UserError(f"'{text}' matches {len(fitting)} environments: {', '.join(one.key for one in fitting[:5])}")
    raise UserError(f"Environment '{text}' does not exist", nearest(text, [one.key for one in found]))


def leftovers(layout: Layout) -> Iterator[Path]:
    """Yield what a removal that was killed has left."""
    yield from removal.leftovers(layout.environments)


class Needs:
    """What needs which environment.

    Parameters
    ----------
    by_key : mapping
        Who needs it, by its key.
    unknown : sequence of str
        What may need any of them: runs that are being prepared, records that cannot be read.
    """

    def __init__(self, by_key: Mapping[str, Sequence[str]], unknown: Sequence[str]) -> None:
        self._by_key, self.unknown = by_key, unknown

    def of(self, key: str) -> list[str]:
        """Return who needs an environment."""
        return list(self._by_key.get(key, ()))


def remove(layout: Layout, one: Kept, needs_now: Callable[[], Needs]) -> bool:
    """Remove an environment unless something begins to need it meanwhile; return whether it is gone.

    It gets out of sight first. A run that found it before that was recorded before that too, so that looking once more
    for what needs it sees the run, and the environment is put back. One that comes later builds it again.

    Parameters
    ----------
    layout : Layout
        The workspace.
    one : Kept
        The environment.
    needs_now : callable
        Returns the ``Needs`` of this moment.
    """
    removal.check_above(layout.root, one.folder)
    hidden = removal.hidden_beside(one.folder)
    with locked(layout.environments / f"{one.key}.lock", blocking=False) as held:
        if not held:
            return False
        for looked in (one.folder, hidden):  # nearly always the first look sees it, and the folder stays where it is
            found = needs_now()
            if found.of(one.key) or found.unknown:
                looked.rename(one.folder)
                return False
            looked.rename(hidden)
    remove_tree(hidden)
    return True
