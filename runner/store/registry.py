"""Models as folders of integer versions, each taken by exclusive creation."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError, nearest
from runner.io.clock import now
from runner.io.files import (
    hash_file,
    hash_tree,
    list_files,
    locked,
    sweep,
    sync_folder,
    sync_tree,
    working_aside,
    write_json,
)
from runner.io.json_records import open_regular, read_record, warn_once
from runner.io.names import check_file_name, check_name, is_name
from runner.io.removal import check_above, remove
from runner.layout import Layout
from runner.records import FileRecord, ModelRecord
from runner.store.aliases import AliasFile
from runner.store.finding import entries

_BLOCK = 1 << 20
_STAGING, _DELETED, RECORD = ".staging-", ".deleted-", "model.json"


def check_model_file(name: str, what: str) -> str:
    """Return the name if a model's file or folder can have it beside its record.

    Raises
    ------
    UserError
        If it is the record's, or no name of a file in a folder.
    """
    if name == RECORD:
        raise UserError(f"{what}: {RECORD} is the name of a model's record", "Give the model's file another name")
    return check_file_name(name, what)


class FileRegistry:
    """The models of one workspace.

    A version is staged in a hidden folder and then renamed to its number. The rename fails when the number is taken,
    so no lock is needed to count; a deleted number leaves a hidden mark and is not used again.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def register(self, artefact: Path, record: ModelRecord) -> ModelRecord:
        """Copy an artefact in as the next version.

        Raises
        ------
        UserError
            If the bytes differ from those inspected, a folder contains links, or the disk refuses.
        """
        folder = self.layout.model(record.name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._staging(folder) as staging:
                copied = staging / check_model_file(artefact.name, "model file name")
                _copy(artefact, copied)
                record = _measured(copied, record)
                return self._take_number(folder, staging, record)
        except OSError as error:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only when nothing else is in it
            raise UserError(
                f"Model {record.name} was not registered: {error.strerror or error} ({folder})",
                "Free some space, or choose another folder: workspace.root=FOLDER",
            ) from None

    @contextlib.contextmanager
    def _staging(self, folder: Path) -> Iterator[Path]:
        """Create a staging folder. If this process dies, the next registration finds its lock free and removes it."""
        sweep(folder, _STAGING)
        staging = folder / f"{_STAGING}{secrets.token_hex(6)}"
        with working_aside(staging):
            staging.mkdir()
            yield staging

    def _take_number(self, folder: Path, staging: Path, record: ModelRecord) -> ModelRecord:
        number = max(self._numbers(folder), default=0) + 1
        sync_tree(staging)
        while True:
            record = dataclasses.replace(record, version=number)
            write_json(staging / RECORD, record.to_json())
            sync_folder(staging)
            if not (folder / f"{_DELETED}{number}").exists():
                try:
                    staging.rename(folder / str(number))
                except OSError:
                    if not (folder / str(number)).exists():
                        raise
                else:
                    sync_folder(folder)
                    return record
            number += 1

    @staticmethod
    def _numbers(folder: Path) -> list[int]:
        """Return all numbers that are or were in use."""
        with os.scandir(folder) as entries:
            names = [entry.name.removeprefix(_DELETED) for entry in entries]
        return [int(name) for name in names if name.isascii() and name.isdigit()]

    def names(self) -> list[str]:
        """Return the names of models that have a version, sorted."""
        names = [entry.name for entry in entries(self.layout.models) if entry.is_dir()]
        return sorted(name for name in names if is_name(name) and self.versions(name))

    def versions(self, name: str) -> list[int]:
        """Return a model's versions, ascending."""
        try:
            names = os.listdir(self.layout.model(name))  # noqa: PTH208 - ten thousand of them
        except FileNotFoundError:
            return []
        return sorted(int(one) for one in names if one.isascii() and one.isdigit() and one[0] != "0")

    def resolve(self, reference: str) -> ModelRecord:
        """Return the version that ``NAME``, ``NAME:3``, ``NAME:latest`` or ``NAME@alias`` refers to.

        Raises
        ------
        UserError
            If there is none.
        """
        name, mark, rest = reference.partition("@")
        if mark:
            found = self.aliases(check_name(name, "model name"))
            if rest not in found:
                self._known(name)
                raise UserError(f"Model {name} has no alias '{rest}'", nearest(rest, found))
            return self.read(name, found[rest])
        name, _, rest = reference.partition(":")
        versions = self._known(check_name(name, "model name"))
        if rest in ("", "latest"):
            return self.read(name, versions[-1])
        if not (rest.isascii() and rest.isdigit()) or int(rest) not in versions:
            shown = ", ".join(map(str, versions[-5:]))
            which = "Its versions" if len(versions) <= 5 else f"The latest of its {len(versions)} versions"
            raise UserError(f"Model {name} has no version '{rest}'", f"{which}: {shown}")
        return self.read(name, int(rest))

    def _known(self, name: str) -> list[int]:
        versions = self.versions(name)
        if not versions:
            raise UserError(f"Model '{name}' does not exist", nearest(name, self.names()))
        return versions

    def read(self, name: str, version: int) -> ModelRecord:
        """Return one version's record.

        Raises
        ------
        UserError
            If it is not there, damaged or of a later format.
        """
        path = self.layout.model(name) / str(version) / RECORD
        try:
            record = read_record(path, ModelRecord)
        except FileNotFoundError:
            raise UserError(f"Model {name}:{version} does not exist") from None
        return dataclasses.replace(record, name=name, version=version)  # its folder decides its name and number

    def find_by_run(self, run_id: str, name: str) -> list[ModelRecord]:
        """Return the versions of a model that a run registered, newest first; name unreadable ones."""
        found = []
        for version in reversed(self.versions(name)):
            try:
                record = self.read(name, version)
            except UserError as error:
                warn_once(self.layout.model(name) / str(version) / RECORD, str(error))
                continue
            if record.run == run_id:
                found.append(record)
        return found

    def artefact(self, record: ModelRecord) -> Path:
        """Return the path of a version's artefact."""
        name = check_model_file(record.artefact, "model file name")
        return self.layout.model(record.name) / str(record.version) / name

    def verified_bytes(self, record: ModelRecord) -> bytes:
        """Return a single-file artefact's bytes after checking their SHA-256.

        Raises
        ------
        UserError
            If the SHA-256 differs.
        """
        content = self.artefact(record).read_bytes()
        if hashlib.sha256(content).hexdigest() != record.sha256:
            raise UserError(
                f"Model {record.name}:{record.version} has changed since it was registered: its SHA-256 differs",
                "Do not load it. For details: vivero models verify",
            )
        return content

    def aliases(self, name: str, at: str | None = None) -> dict[str, int]:
        """Return the aliases now, or at a time in ISO 8601."""
        return AliasFile(self.layout.model(name)).current(at)

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
            raise UserError(
                f"Model {name} has no version '{version}'", f"Its versions: {', '.join(map(str, versions))}"
            )
        if version is None and alias not in self.aliases(name):
            raise UserError(f"Model {name} has no alias '{alias}'", nearest(alias, self.aliases(name)))
        AliasFile(self.layout.model(name)).append(alias, version)

    def alias_history(self, name: str) -> list[dict[str, Any]]:
        """Return every change of an alias, oldest first."""
        return AliasFile(self.layout.model(name)).history()

    def tag(self, name: str, version: int, tags: Mapping[str, str | None]) -> ModelRecord:
        """Set tags of a version, and remove those given as None."""
        with locked(self.layout.model(name) / ".tags.lock"):
            record = self.read(name, version)
            changed = {**record.tags, **tags}
            record = dataclasses.replace(record, tags={key: one for key, one in changed.items() if one is not None})
            write_json(self.layout.model(name) / str(version) / RECORD, record.to_json())
        return record

    def check_delete(self, name: str, version: int | None) -> tuple[list[int], list[str]]:
        """Return the versions that `delete` would remove, and the aliases that point at them.

        Raises
        ------
        UserError
            If it does not exist, or an alias points at the version.
        """
        versions = self._known(name)
        chosen = versions if version is None else [self.read(name, version).version]
        held = [alias for alias, one in self.aliases(name).items() if one in chosen]
        if held and version is not None:
            raise UserError(
                f"Model {name}:{version} has the alias {', '.join(held)}",
                f"Move it first: vivero models alias {name} {held[0]} VERSION",
            )
        return chosen, held

    def delete(self, name: str, version: int | None) -> None:
        """Remove one version, or with None all of them. Numbers are never reused.

        Raises
        ------
        UserError
            If it does not exist, an alias points at it, or the model's folder is a link.
        """
        chosen, held = self.check_delete(name, version)
        for alias in held:
            AliasFile(self.layout.model(name)).append(alias, None)
        for one in chosen:
            folder = self.layout.model(name)
            check_above(self.layout.root, folder / str(one))
            (folder / f"{_DELETED}{one}").mkdir(exist_ok=True)  # kept, so that the number is not reused
            remove(self.layout.root, folder / str(one))

    def verify(self, name: str, version: int) -> list[str]:
        """Return the problems of a version's files."""
        record = self.read(name, version)
        path = self.artefact(record)
        if not path.exists():
            return [f"{record.artefact} is missing"]
        if hash_tree(path) == record.sha256:
            return []
        wrong = []
        for one in record.files:
            file = path / one.path if path.is_dir() else path
            if not file.is_file():
                wrong.append(f"{one.path} is missing")
            elif hash_file(file) != one.sha256:
                wrong.append(f"{one.path} has changed since it was registered")
        return wrong or [f"{record.artefact} has files that were not registered"]


def _copy(artefact: Path, target: Path) -> None:
    """Copy a file or folder without following links, even those that a running script creates meanwhile."""
    if artefact.is_dir():
        shutil.copytree(artefact, target, symlinks=True)
        for parent, folders, names in os.walk(target):
            if any(Path(parent, one).is_symlink() for one in [*folders, *names]):
                raise UserError(
                    f"The model folder {artefact.name} contains links", "Replace them with the files themselves"
                )
    else:
        with open_regular(artefact, sys.maxsize) as read, target.open("wb") as written:
            shutil.copyfileobj(read, written, _BLOCK)


def _measured(copied: Path, record: ModelRecord) -> ModelRecord:
    """Return the record with the copy's hash and size, after checking that it is what was inspected."""
    digest = hash_tree(copied)
    if record.sha256 and record.sha256 != digest:
        raise UserError(f"Model {record.name} was not registered: its file changed after it was inspected", "Run again")
    names = list_files(copied) if copied.is_dir() else [copied.name]
    root = copied if copied.is_dir() else copied.parent
    files = tuple(
        FileRecord(path=name, bytes=(root / name).stat().st_size, sha256=hash_file(root / name)) for name in names
    )
    return dataclasses.replace(
        record, artefact=copied.name, sha256=digest, bytes=sum(one.bytes for one in files), files=files, created=now()
    )
