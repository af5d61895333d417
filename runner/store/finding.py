"""Finds and reads the record that a user names. The stores share it."""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from runner.errors import NotFoundError, UserError, nearest
from runner.io.json_records import read_record, warn_once
from runner.io.names import is_name

_SHOWN = 5
_RECENT = 50  # ids created at about the same second


class Created(Protocol):
    """A record whose id contains its time of creation."""

    @property
    def id(self) -> str:
        """Return the id."""

    @property
    def created(self) -> str:
        """Return the time of creation, to the microsecond."""


R = TypeVar("R", bound=Created)
T = TypeVar("T")


def time_of(identity: str) -> str:
    """Return the part of an id that sorts by time: YYYYMMDD-HHMMSS-random."""
    return identity[-24:]


@dataclass(frozen=True)
class Finder(Generic[R]):
    """Finds the records of one kind, each in a folder that is named by its id.

    Only folders with a matching name are opened, so one of 100,000 is found by listing names.

    Parameters
    ----------
    what : str
        The kind of record, for messages: ``run``, ``sweep``.
    record : str
        The name of the record's file. A folder without it does not count.
    folders : callable
        Returns the folders that contain the records' folders.
    read : callable
        Reads the record in a folder.
    example : str
        A command that creates one, for a workspace without any.
    """

    what: str
    record: str
    folders: Callable[[], Iterable[Path]]
    read: Callable[[Path], R]
    example: str

    def find(self, text: str) -> R:
        """Return the record that a user means by an id, a unique part of one, or ``latest``.

        Raises
        ------
        UserError
            If there is none or more than one.
        """
        if text == "latest":
            return self._latest()
        whole = self.locate(text) if is_name(text) else None
        return self.read(whole if whole is not None else self._meant(text))

    def locate(self, identity: str) -> Path | None:
        """Return the folder of a whole id, or None."""
        if "/" in identity:
            return None
        return next((path for folder in self.folders() if self._has(path := folder / identity)), None)

    def matching(self, text: str) -> list[str]:
        """Return the ids that contain a text, newest last."""
        return [folder.name for folder in self._newest(text)][::-1]

    def advice(self, text: str) -> str:
        """Return a hint for an id that does not exist: the nearest of a few ids, or how to list many."""
        some = [folder.name for folder in islice(self._newest(), _SHOWN + 1)]
        return nearest(text, some) if len(some) <= _SHOWN else f"See: vivero {self.what}s"

    def _meant(self, text: str) -> Path:
        matches = list(self._newest(text)) if text else []
        exact = [folder for folder in matches if folder.name == text]
        if exact or len(matches) == 1:
            return (exact or matches)[0]
        if matches:
            names = ", ".join(folder.name for folder in matches[:_SHOWN][::-1])
            raise UserError(f"'{text}' matches {len(matches)} {self.what}s: {names}", "Give more of the id")
        if next(self._newest(), None) is None:
            raise self._none()
        raise NotFoundError(f"No {self.what} matches '{text}'", self.advice(text))

    def _latest(self) -> R:
        """Return the record that was created last. Ids only have a resolution of one second."""
        records, recent = [], list(islice(self._newest(), _RECENT))
        for folder in recent:
            with contextlib.suppress(UserError):  # lists report records that cannot be read
                records.append(self.read(folder))
        if not recent:
            raise self._none()
        return max(records, key=lambda record: (record.created, record.id)) if records else self.read(recent[0])

    def _none(self) -> NotFoundError:
        return NotFoundError(f"This workspace has no {self.what}s", f"Start one: {self.example}")

    def _newest(self, text: str = "") -> Iterator[Path]:
        """Yield the folders whose names contain a text and that have a record, newest first."""
        named = {name: folder for folder in self.folders() for name in _names(folder) if text in name}
        few = heapq.nlargest(_RECENT, named, key=time_of)  # mostly enough, and quicker than sorting 100,000
        yield from self._with_record(named.pop(name) / name for name in few)
        rest = sorted(named, key=time_of, reverse=True)
        yield from self._with_record(named[name] / name for name in rest)

    def _with_record(self, folders: Iterable[Path]) -> Iterator[Path]:
        return (folder for folder in folders if self._has(folder))

    def _has(self, folder: Path) -> bool:
        return os.path.lexists(f"{folder}/{self.record}")


def read_own(path: Path, kind: Any) -> Any:
    """Return the record in a file. Its id is its folder's name, whatever the file says.

    Raises
    ------
    UserError
        If it is missing, damaged or of a later format.
    """
    try:
        record = read_record(path, kind)
    except FileNotFoundError:
        raise NotFoundError(f"The record {path} does not exist") from None
    return record if record.id == path.parent.name else dataclasses.replace(record, id=path.parent.name)


def record_folders(root: Path, name: str) -> Iterator[Path]:
    """Yield the folders that contain a record file of any kind, except hidden ones."""
    for folder in _names(root):
        if os.path.lexists(f"{root}/{folder}/{name}"):
            yield root / folder


def _names(root: Path) -> list[str]:
    """Return the names in a folder, except hidden ones. Names alone take a third of the time of entries."""
    return [name for name in _listed(os.listdir, root) if not name.startswith(".")]


def entries(root: Path | str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, none if it does not exist. A folder that cannot be read gives a warning."""
    return _listed(_scan, root)


def _scan(root: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(root) as entries:
        return list(entries)


def _listed(read: Callable[[Path | str], list[T]], root: Path | str) -> list[T]:
    try:
        return read(root)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        warn_once(root, f"{root} is skipped: {error.strerror}")
        return []
