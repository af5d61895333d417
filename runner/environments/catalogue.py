"""The environments in a workspace and what needs each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.environments.build import LOCK
from runner.errors import NotFoundError, UserError, nearest
from runner.io import removal
from runner.io.folders import remove_tree
from runner.io.json_records import read_record, read_text
from runner.io.locks import locked
from runner.layout import Layout
from runner.records import EnvironmentRecord
from runner.worker.environment_seal import RECORD

_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StoredEnvironment:
    """One environment. If its record cannot be read, `record` is None and `problem` says why.

    `created` is the time of the record, or else of the folder, in seconds since the epoch.
    """

    key: str
    folder: Path
    record: EnvironmentRecord | None
    problem: str | None
    created: float

    def lock(self) -> str:
        """Return the text of its lock.

        Raises
        ------
        UserError
            If the lock cannot be read.
        """
        try:
            return read_text(self.folder / LOCK)
        except FileNotFoundError:
            raise UserError(
                f"{self.folder / LOCK} does not exist", "It is written again the next time the environment is used"
            ) from None

    def size(self) -> int:
        """Return the total size of its files, in bytes."""
        return sum(os.lstat(Path(parent, name)).st_size for parent, _, names in os.walk(self.folder) for name in names)


def stored_environments(layout: Layout) -> list[StoredEnvironment]:
    """Return all environments, newest last."""
    if not layout.environments.is_dir():
        return []
    folders = [path for path in layout.environments.iterdir() if _KEY.fullmatch(path.name) and path.is_dir()]
    return sorted((_read(folder) for folder in folders), key=lambda environment: (environment.created, environment.key))


def _read(folder: Path) -> StoredEnvironment:
    path = folder / RECORD
    try:
        record = read_record(path, EnvironmentRecord)
        return StoredEnvironment(folder.name, folder, record, None, path.stat().st_mtime)
    except FileNotFoundError:
        return StoredEnvironment(
            folder.name, folder, None, "damaged; it will be rebuilt before its next use", folder.stat().st_mtime
        )
    except UserError as error:
        return StoredEnvironment(folder.name, folder, None, str(error), folder.stat().st_mtime)


def find_environment(environments: Sequence[StoredEnvironment], text: str) -> StoredEnvironment:
    """Return the environment whose key contains a text.

    Raises
    ------
    UserError
        If none or several match.
    """
    fitting = [environment for environment in environments if text and text in environment.key]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UserError(
            f"'{text}' matches {len(fitting)} environments: {', '.join(environment.key for environment in fitting[:5])}"
        )
    raise NotFoundError(
        f"Environment '{text}' does not exist", nearest(text, [environment.key for environment in environments])
    )


def leftovers(layout: Layout) -> Iterator[Path]:
    """Yield the folders that interrupted removals left behind."""
    yield from removal.leftovers(layout.environments)


class Needs:
    """The users of each environment, such as runs and models.

    Parameters
    ----------
    by_key : mapping of str to sequence of str
        The users of an environment, by its key.
    unknown : sequence of str
        Users that may need any environment: runs being prepared, unreadable records.
    """

    def __init__(self, by_key: Mapping[str, Sequence[str]], unknown: Sequence[str]) -> None:
        self._by_key, self.unknown = by_key, unknown

    def of(self, key: str) -> list[str]:
        """Return the users of an environment."""
        return list(self._by_key.get(key, ()))


def remove(layout: Layout, environment: StoredEnvironment, needs_now: Callable[[], Needs]) -> bool:
    """Remove an environment unless something starts to need it meanwhile; return whether it was removed.

    It is hidden first. A run that found it earlier was also recorded earlier, so that a second check
    of what needs it sees the run and restores the environment. A later run builds it again.

    Parameters
    ----------
    layout : Layout
        The workspace.
    environment : StoredEnvironment
        The environment.
    needs_now : callable
        Returns the current ``Needs``.
    """
    removal.check_above(layout.root, environment.folder)
    hidden = removal.hidden_sibling(environment.folder)
    with locked(layout.environment_lock(environment.key), blocking=False) as held:
        if not held:
            return False
        for looked in (
            environment.folder,
            hidden,
        ):  # the first check nearly always finds it, and the folder need not move
            needed = needs_now()
            if needed.of(environment.key) or needed.unknown:
                looked.rename(environment.folder)
                return False
            looked.rename(hidden)
    remove_tree(hidden)
    return True
