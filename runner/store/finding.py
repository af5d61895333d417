"""Finds and reads the record that a user means; shared by the stores."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from runner.errors import UserError, nearest
from runner.io.json_records import read_record, warn_once

_SHOWN = 5
_RECENT = 50  # ids created at about the same second


class Created(Protocol):
    """A record with an id that names its time."""

    @property
    def id(self) -> str:
        """Name it."""

    @property
    def created(self) -> str:
        """Return the time of creation, to the microsecond."""


R = TypeVar("R", bound=Created)


def time_of(identity: str) -> str:
    """Return the part of an id that sorts by time: YYYYMMDD-HHMMSS-random."""
    return identity[-24:]


def meant(text: str, ids: Sequence[str], what: str) -> str:
    """Return the id that a user means by a whole id or a unique part of one.

    Parameters
    ----------
    text : str
        What was typed.
    ids : sequence of str
        All known ids, newest last.
    what : str
        What the ids name, for the message: ``run``, ``sweep``.

    Raises
    ------
    UserError
        If there is none or more than one.
    """
    if text in ids:
        return text
    found = [one for one in ids if text and text in one]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"'{text}' matches {len(found)} {what}s: {', '.join(found[-_SHOWN:])}", "Give more of the id")
    close = nearest(text, ids) if len(ids) <= _SHOWN else f"See: vivero {what}s"
    raise UserError(f"No {what} matches '{text}'", close)


def latest(ids: Sequence[str], read: Callable[[str], R]) -> R:
    """Return the record that was created last. Ids only have a resolution of one second.

    Parameters
    ----------
    ids : sequence of str
        All known ids, newest last.
    read : callable
        Reads the record of an id.

    Raises
    ------
    UserError
        If none of the latest can be read.
    """
    records = []
    for one in ids[-_RECENT:]:
        with contextlib.suppress(UserError):  # lists name what cannot be read
            records.append(read(one))
    return max(records, key=lambda record: (record.created, record.id)) if records else read(ids[-1])


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
        raise UserError(f"The record {path} does not exist") from None
    return record if record.id == path.parent.name else dataclasses.replace(record, id=path.parent.name)


def record_folders(root: Path, name: str) -> Iterator[Path]:
    """Yield the folders that contain a record file of any kind, except hidden ones."""
    for one in entries(root):
        if not one.name.startswith(".") and os.path.lexists(f"{one.path}/{name}"):
            yield Path(one.path)


def entries(root: Path | str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, none if it does not exist. An unreadable folder is named."""
    try:
        with os.scandir(root) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        warn_once(root, f"{root} is skipped: {error.strerror}")
        return []
