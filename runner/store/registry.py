"""Models as folders of numbered versions; see `runner.store.versions`."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import sys
from pathlib import Path

from runner.errors import UserError
from runner.io.clock import now
from runner.io.folders import list_files
from runner.io.hashes import hash_file, hash_tree
from runner.io.json_records import open_regular, read_bytes
from runner.io.names import check_file_name
from runner.layout import ModelLayout
from runner.records import FileRecord, ModelRecord
from runner.store.versions import VersionStore

_BLOCK = 1 << 20
_LARGEST_DIAGRAM = 8 << 20
LARGEST_CARD = 1 << 20  # bytes
RECORD = str(ModelLayout.record)
_NOT_LOADED = "Do not load it. For details: vivero models verify"
_OURS = {
    RECORD: "a model's record",
    str(ModelLayout.diagram): "a model's diagram",
    str(ModelLayout.card): "a model's card",
}


def check_model_file(name: str, what: str) -> str:
    """Return the name if a model's file or folder beside its record can have it.

    Raises
    ------
    UserError
        If it is the record's, the diagram's or the card's name, or is not a file name.
    """
    if name in _OURS:
        raise UserError(f"{what}: {name} is the name of {_OURS[name]}", "Give the model's file another name")
    return check_file_name(name, what)


class FileRegistry(VersionStore[ModelRecord]):
    """The models of one workspace."""

    kind, record_name, what, command = ModelRecord, RECORD, "model", "vivero models"

    @property
    def root(self) -> Path:
        """The folder of all models."""
        return self.layout.models

    def folder(self, name: str) -> Path:
        """Return a model's folder, after checking the name."""
        return self.layout.model(name)

    def register(self, artefact: Path, record: ModelRecord, card: str | None = None) -> ModelRecord:
        """Copy an artefact to the registry as the next version. The diagram of its inspection, if any, becomes a file.

        Parameters
        ----------
        card : str or None
            What is said of the version, as Markdown. It is kept beside the artefact.

        Raises
        ------
        UserError
            If the bytes differ from those inspected, a folder contains links, or writing fails.
        """
        folder = self.layout.model(record.name)
        try:
            with self.staged(folder) as staging:
                copied = staging / check_model_file(artefact.name, "model file name")
                _copy(artefact, copied)
                record = _store_diagram(staging, _measured(copied, record))
                if card is not None:
                    ModelLayout(staging).card.write_text(card, encoding="utf-8", errors="replace")
                return self.take_number(folder, staging, record)
        except OSError as error:
            raise UserError(
                f"Model {record.name} was not registered: {error.strerror or error} ({folder})",
                "Free some space, or choose another folder: workspace.root=FOLDER",
            ) from None

    def find_by_run(self, run_id: str, name: str) -> list[ModelRecord]:
        """Return the versions of a model that a run registered, newest first. Damaged records give a warning."""
        return [record for record in self.readable(name) if record.run == run_id]

    def artefact(self, record: ModelRecord) -> Path:
        """Return the path of a version's artefact."""
        name = check_model_file(record.artefact, "model file name")
        return self.layout.model(record.name) / str(record.version) / name

    def diagram(self, name: str, version: int) -> str | None:
        """Return scikit-learn's drawing of a version as HTML, or None. Trust it only as far as the model."""
        return _text(ModelLayout(self.layout.model(name) / str(version)).diagram, _LARGEST_DIAGRAM)

    def card(self, name: str, version: int) -> str | None:
        """Return what its run wrote about a version, as Markdown, or None."""
        return _text(ModelLayout(self.layout.model(name) / str(version)).card, LARGEST_CARD)

    def verified_bytes(self, record: ModelRecord, name: str | None = None) -> bytes:
        """Return the bytes of a single-file artefact, or of a file in a folder, after checking their SHA-256.

        Raises
        ------
        UserError
            If the SHA-256 differs, the file was not registered, or it is not a regular file.
        """
        path, expected = self.artefact(record), record.sha256
        where = f"Model {record.name}:{record.version}"
        if name is not None:
            hashes = {entry.path: entry.sha256 for entry in record.files}
            if name not in hashes:
                raise UserError(f"{where} has a file that was not registered: {name}", _NOT_LOADED)
            path, expected, where = path / name, hashes[name], f"{name} of model {record.name}:{record.version}"
        try:
            content = read_bytes(path, sys.maxsize)
        except FileNotFoundError:
            raise UserError(f"{where} has changed since it was registered: it is missing", _NOT_LOADED) from None
        if hashlib.sha256(content).hexdigest() != expected:
            raise UserError(f"{where} has changed since it was registered: its SHA-256 differs", _NOT_LOADED)
        return content

    def delete(self, name: str, version: int | None) -> None:
        """Remove one version, or with None all of them. Numbers are never reused.

        Raises
        ------
        UserError
            If it does not exist, an alias points at it, or the model's folder is a link.
        """
        self.remove_versions(name, *self.check_delete(name, version))

    def verify(self, name: str, version: int) -> list[str]:
        """Return the problems of a version's files, one line each. Empty if they are unchanged."""
        record = self.read(name, version)
        path = self.artefact(record)
        if not path.exists():
            return [f"{record.artefact} is missing"]
        try:
            if hash_tree(path) == record.sha256:
                return []
            wrong = []
            for entry in record.files:
                file = path / entry.path if path.is_dir() else path
                if not file.is_file():
                    wrong.append(f"{entry.path} is missing")
                elif hash_file(file) != entry.sha256:
                    wrong.append(f"{entry.path} has changed since it was registered")
        except OSError as error:
            return [f"{error.filename or path}: {error.strerror}"]
        return wrong or [f"{record.artefact} has files that were not registered"]


def _text(path: Path, largest: int) -> str | None:
    try:
        return read_bytes(path, largest).decode("utf-8", "replace")
    except (FileNotFoundError, UserError):  # a folder, a link or too large: not what was registered
        return None


def _copy(artefact: Path, target: Path) -> None:
    """Copy a file or folder without following links, even those that a running script creates meanwhile."""
    if artefact.is_dir():
        shutil.copytree(artefact, target, symlinks=True)
        for parent, folders, names in os.walk(target):
            if any(Path(parent, name).is_symlink() for name in [*folders, *names]):
                raise UserError(
                    f"The model folder {artefact.name} contains links", "Replace them with the files themselves"
                )
    else:
        with open_regular(artefact, sys.maxsize) as read, target.open("wb") as written:
            shutil.copyfileobj(read, written, _BLOCK)


def _store_diagram(staging: Path, record: ModelRecord) -> ModelRecord:
    """Return the record without the diagram, which is written beside it."""
    if record.inspection is None or record.inspection.diagram is None:
        return record
    diagram = record.inspection.diagram.encode("utf-8", "replace")
    ModelLayout(staging).diagram.write_bytes(diagram)
    return dataclasses.replace(record, inspection=dataclasses.replace(record.inspection, diagram=None))


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
        record, artefact=copied.name, sha256=digest, bytes=sum(file.bytes for file in files), files=files, created=now()
    )
