"""Numbered versions of models and data assets, and the aliases that point to them.

A version is staged in a hidden folder and then renamed to its number. The rename fails when the number is taken, so no
lock is needed to count. A deleted version leaves a hidden mark, so that its number is not used again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from runner.errors import NotFoundError, UserError, nearest
from runner.io.files import make_folder, write_json
from runner.io.folders import sync_folder, sync_tree
from runner.io.json_records import read_record, warn_once
from runner.io.locks import locked
from runner.io.names import check_name, is_name
from runner.io.record import Record
from runner.io.removal import check_above, remove
from runner.io.staging import remove_abandoned, staging_at
from runner.layout import Layout
from runner.store.aliases import AliasFile
from runner.store.finding import entries

R = TypeVar("R", bound=Record)
_LONGEST = 60  # characters of a version in a message
STAGING, _DELETED = ".staging-", ".deleted-"


class VersionStore(Generic[R]):
    """The models, or the data assets, of one workspace. A subclass defines the kind and the folder."""

    kind: ClassVar[type[Any]]  # the record's class
    record_name: ClassVar[str]  # the record's file in a version's folder
    what: ClassVar[str]  # the word for messages: "model"
    command: ClassVar[str]  # the command for hints: "vivero models"

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def root(self) -> Path:
        """The folder that contains a folder for each name."""
        raise NotImplementedError

    def folder(self, name: str) -> Path:
        """Return the folder of a model or data asset, after checking the name."""
        raise NotImplementedError

    def _called(self, name: str) -> str:
        """Return the beginning of a message about a model or data asset."""
        return f"{self.what[0].upper()}{self.what[1:]} {name}"

    @contextlib.contextmanager
    def staged(self, folder: Path) -> Iterator[Path]:
        """Create a name's folder if necessary, and in it a hidden folder to fill.

        Afterwards the hidden folder is removed unless it became a version, and an empty folder of the name as well.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(_remove_empty, folder)
            while True:
                make_folder(folder)
                try:
                    staging = stack.enter_context(staged(folder))
                    break
                except FileNotFoundError:  # another process, which added no version, has just removed it
                    continue
            yield staging

    def take_number(self, folder: Path, staging: Path, record: R) -> R:
        """Give the staged version the next free number. Return its record with that number."""
        number = max(self._numbers(folder), default=0) + 1
        sync_tree(staging)
        while True:
            numbered = _replaced(record, version=number)
            write_json(staging / self.record_name, numbered.to_json())
            sync_folder(staging)
            if not (folder / f"{_DELETED}{number}").exists():
                try:
                    staging.rename(folder / str(number))
                except OSError:
                    if not (folder / str(number)).exists():
                        raise
                else:
                    sync_folder(folder)
                    return numbered
            number += 1

    @staticmethod
    def _numbers(folder: Path) -> list[int]:
        """Return all numbers that are or were in use."""
        with os.scandir(folder) as scanned:
            names = [entry.name.removeprefix(_DELETED) for entry in scanned]
        return [int(name) for name in names if name.isascii() and name.isdigit()]

    def names(self) -> list[str]:
        """Return the names that have a version, sorted."""
        names = [entry.name for entry in entries(self.root) if entry.is_dir()]
        return sorted(name for name in names if self.is_name(name) and self.versions(name))

    def is_name(self, name: str) -> bool:
        """Return whether this is a valid name."""
        return is_name(name)

    def versions(self, name: str) -> list[int]:
        """Return the version numbers of a name, ascending."""
        try:
            names = os.listdir(self.folder(name))  # noqa: PTH208 - ten thousand of them
        except FileNotFoundError:
            return []
        return sorted(int(text) for text in names if text.isascii() and text.isdigit() and text[0] != "0")

    def resolve(self, reference: str) -> R:
        """Return the version that ``NAME``, ``NAME:3``, ``NAME:latest`` or ``NAME@alias`` refers to.

        Raises
        ------
        UserError
            If there is none, or its record cannot be read.
        """
        return self.read(*self.locate(reference))

    def locate(self, reference: str) -> tuple[str, int]:
        """Return the name and the number of the version that a reference means, without reading its record.

        Raises
        ------
        UserError
            If there is no such version.
        """
        name, alias, rest = reference.partition("@")
        if not alias:
            name, _, rest = reference.partition(":")
        check_name(name, f"{self.what} name")
        if not rest and name != reference:
            raise UserError(f"'{reference}' names no version", f"Write {name}, {name}:3 or {name}@alias")
        versions = self._known(name)
        if alias:
            found = self.aliases(name)
            if rest not in found:
                raise NotFoundError(f"{self._called(name)} has no alias '{rest}'", nearest(rest, found))
            return name, found[rest]
        if rest in ("", "latest"):
            return name, versions[-1]
        if rest not in map(str, versions):  # compared as text, because `int` refuses thousands of digits
            shown = ", ".join(map(str, versions[-5:]))
            which = "Its versions" if len(versions) <= 5 else f"The latest of its {len(versions)} versions"
            raise NotFoundError(f"{self._called(name)} has no version '{rest[:_LONGEST]}'", f"{which}: {shown}")
        return name, int(rest)

    def _known(self, name: str) -> list[int]:
        versions = self.versions(name)
        if not versions:
            raise NotFoundError(self._called(f"'{name}' does not exist"), nearest(name, self.names()))
        return versions

    def read(self, name: str, version: int) -> R:
        """Return one version's record.

        Raises
        ------
        UserError
            If it is missing, damaged or of a later format.
        """
        try:
            record: R = read_record(self._record_of(name, version), self.kind)
        except FileNotFoundError:
            raise NotFoundError(f"{self._called(name)}:{version} does not exist") from None
        return _replaced(record, name=name, version=version)  # its folder decides its name and number

    def _record_of(self, name: str, version: int) -> Path:
        return self.folder(name) / str(version) / self.record_name

    def readable(self, name: str) -> Iterator[R]:
        """Yield the records of a name's versions, newest first. Those that cannot be read give a warning."""
        for version in reversed(self.versions(name)):
            try:
                yield self.read(name, version)
            except UserError as error:
                warn_once(self._record_of(name, version), str(error))

    def aliases(self, name: str, at: str | None = None) -> dict[str, int]:
        """Return the version of each alias, now or at a time in ISO 8601."""
        return AliasFile(self.folder(name)).current(at)

    def set_alias(self, name: str, alias: str, version: int | None) -> None:
        """Move an alias to a version, or remove it with None.

        Raises
        ------
        UserError
            If the version does not exist, or the word is reserved.
        """
        versions = self._known(name)
        check_name(alias, "alias")
        if alias == "latest" or alias.isdigit():
            raise UserError(f"'{alias}' cannot be an alias", "latest and numbers are reserved")
        if version is not None and version not in versions:
            known = ", ".join(map(str, versions))
            raise NotFoundError(f"{self._called(name)} has no version '{version}'", f"Its versions: {known}")
        if version is None and alias not in self.aliases(name):
            raise NotFoundError(f"{self._called(name)} has no alias '{alias}'", nearest(alias, self.aliases(name)))
        AliasFile(self.folder(name)).append(alias, version)

    def alias_history(self, name: str) -> list[dict[str, Any]]:
        """Return every change of an alias, oldest first."""
        return AliasFile(self.folder(name)).history()

    def change(self, name: str, version: int, changed: Callable[[R], R]) -> R:
        """Replace a version's record with the result of a function, one process at a time, and return it."""
        with locked(self.folder(name) / ".tags.lock"):
            record = changed(self.read(name, version))
            write_json(self._record_of(name, version), record.to_json())
        return record

    def set_tags(self, name: str, version: int, tags: Mapping[str, str | None]) -> R:
        """Set tags of a version and remove those given as None. Return the new record."""

        def changed(record: R) -> R:
            merged: dict[str, str | None] = {**record.tags, **tags}  # type: ignore[attr-defined] # both kinds have tags
            return _replaced(record, tags={key: value for key, value in merged.items() if value is not None})

        return self.change(name, version, changed)

    def verify(self, name: str, version: int) -> list[str]:
        """Return the problems of a version's content, one line each. Empty if it has its recorded hash."""
        raise NotImplementedError

    def check_delete(self, name: str, version: int | None) -> tuple[list[int], list[str]]:
        """Return the versions that `delete` would remove, and the aliases that point at them.

        Raises
        ------
        UserError
            If it does not exist, or an alias points at the version.
        """
        chosen = self._chosen(name, version)
        held = [alias for alias, number in self.aliases(name).items() if number in chosen]
        if held and version is not None:
            raise UserError(
                f"{self._called(name)}:{version} has the alias {', '.join(held)}",
                f"Move it first: {self.command} alias {name} {held[0]} VERSION",
            )
        return chosen, held

    def _chosen(self, name: str, version: int | None) -> list[int]:
        """Return one version, or with None all of them. Their records may be damaged."""
        versions = self._known(name)
        if version is not None and version not in versions:
            raise NotFoundError(f"{self._called(name)}:{version} does not exist")
        return versions if version is None else [version]

    def remove_versions(self, name: str, chosen: list[int], held: list[str]) -> None:
        """Remove versions and drop aliases. Numbers are never reused.

        Raises
        ------
        UserError
            If the folder is a link.
        """
        for alias in held:
            AliasFile(self.folder(name)).append(alias, None)
        for number in chosen:
            folder = self.folder(name)
            check_above(self.layout.root, folder / str(number))
            (folder / f"{_DELETED}{number}").mkdir(exist_ok=True)  # kept, so that the number is not reused
            remove(self.layout.root, folder / str(number))


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Create a hidden folder to fill. If this process dies, the next one finds its lock free and removes it."""
    remove_abandoned(folder, STAGING)
    staging = folder / f"{STAGING}{secrets.token_hex(6)}"
    with staging_at(staging):
        staging.mkdir()
        yield staging


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()  # only when nothing else is in it


def _replaced(record: R, **fields: Any) -> R:
    edited: R = dataclasses.replace(record, **fields)
    return edited
