"""Registered models and their versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.versions import StoredVersion, Versioned
from runner.errors import UserError, nearest, storage_error
from runner.records import Inspection, ModelRecord
from runner.store.registry import RECORD, FileRegistry

if TYPE_CHECKING:
    from runner.api.workspace import Workspace


class Model(Versioned):
    """A model of a workspace: a name with versions."""

    _store: FileRegistry

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace, self._store, self._name = workspace, FileRegistry(workspace.layout), name

    def versions(self) -> list[ModelVersion]:
        """Return the versions, oldest first.

        Raises
        ------
        UserError
            If the record of one cannot be read.
        """
        numbers = self.version_numbers()
        return [ModelVersion(self._workspace, self._store.read(self._name, number)) for number in numbers]

    @property
    def latest(self) -> ModelVersion:
        """The latest version."""
        return self._workspace.model(self._name)

    @property
    def row(self) -> dict[str, Any]:
        """The latest version as ``vivero models --json`` prints it, or ``error``, which says why it cannot be read."""
        row: dict[str, Any] = {"name": self._name, "version": None, "versions": 0, "aliases": {}, "error": None}
        try:
            versions = self.version_numbers()
            row |= {"versions": len(versions), "aliases": self.aliases}
            if versions:
                row |= self._store.resolve(f"{self._name}:{versions[-1]}").to_json()
        except (UserError, OSError) as error:
            row["error"] = str(storage_error(error) or error)
        return row

    def needed_by(self, number: int | None = None) -> list[str]:
        """Return the endpoints that need a version, or any version, each as a sentence."""
        from runner.endpoints.store import EndpointStore

        return EndpointStore(self._workspace.layout).uses_of(self._name, number)

    def check_delete(self, number: int | None = None) -> None:
        """Refuse to delete a version that an alias points to, or a model that does not exist.

        Raises
        ------
        UserError
            Naming the alias.
        """
        self._store.check_delete(self._name, number)

    def delete(self, number: int | None = None, *, force: bool = False) -> None:
        """Remove a version, whose record may be unreadable, or the model with all its versions and aliases.

        Raises
        ------
        UserError
            If an endpoint needs it, unless `force`; or if an alias points to the version.
        """
        _delete(self._workspace, self._name, number, force=force)

    def _repr_html_(self) -> str:
        from runner.api.html import model_page

        return model_page(self)


class ModelVersion(StoredVersion):
    """One version of a model."""

    _record: ModelRecord
    _store: FileRegistry

    def __init__(self, workspace: Workspace, record: ModelRecord) -> None:
        self._workspace, self._store = workspace, FileRegistry(workspace.layout)
        self._record = record

    @property
    def model(self) -> Model:
        """The model."""
        return Model(self._workspace, self.name)

    @property
    def record(self) -> ModelRecord:
        """Everything that is recorded of the version."""
        return self._record

    @property
    def inspection(self) -> Inspection | None:
        """What was found when the model was loaded: class, steps, features, classes, methods."""
        return self._record.inspection

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of its run."""
        return dict(self._record.metrics)

    @property
    def path(self) -> Path:
        """The model's file or folder."""
        return self._store.artefact(self._record)

    @property
    def card(self) -> str | None:
        """The model card that its run wrote to ``outputs/model-card.md``, None if it wrote none."""
        return self._store.card(self.name, self.version)

    @property
    def diagram(self) -> str | None:
        """scikit-learn's diagram of the model as HTML, None if it has none.

        It is as trusted as the model itself: show it only where it can run no script.
        """
        return self._store.diagram(self.name, self.version)

    @property
    def lineage(self) -> dict[str, Any]:
        """Where it comes from and where it went.

        ``data`` has the hash of each input, ``assets`` the data assets among them,
        ``git_commit`` and ``run`` what made it, ``sweep`` and ``trial`` the search
        it is the result of, ``model`` itself, and ``endpoints`` the names of those that serve it.
        """
        from runner.endpoints.store import EndpointStore

        record = self._record
        return {
            "data": dict(record.data),
            "assets": dict(record.assets),
            "git_commit": record.git_commit,
            "run": record.run,
            "sweep": record.properties.get("sweep"),
            "trial": record.properties.get("trial"),
            "model": self.reference,
            "endpoints": EndpointStore(self._workspace.layout).serving(self.name, self.version),
        }

    @property
    def parity(self) -> dict[str, Any] | None:
        """The report on the accuracy of the accelerated model, None if it was never accelerated."""
        from runner.store.parity import read_parity

        return read_parity(self._workspace.layout, self._record)

    def delete(self, *, force: bool = False) -> None:
        """Remove the version. Its number is not used again.

        Raises
        ------
        UserError
            If an alias points to it, or an endpoint needs it, unless `force`.
        """
        _delete(self._workspace, self.name, self.version, force=force)

    def download(self, to: str | Path) -> int:
        """Copy the model and its record into a new folder, checked against its SHA-256; return the number of files.

        Raises
        ------
        UserError
            If the folder is not empty, or a file differs from its record.
        """
        from runner.api.copies import copy_file, copy_tree, new_folder
        from runner.io.files import write_json

        artefact, count = self.path, 1
        with new_folder(Path(to).absolute()) as staged:
            if artefact.is_dir():
                expected = {file.path: file.sha256 for file in self._record.files}
                count = copy_tree(artefact, staged / artefact.name, expected, complete=True)
            else:
                copy_file(artefact, staged / artefact.name, self._record.sha256)
            write_json(staged / RECORD, self._record.to_json())
        return count

    def _repr_html_(self) -> str:
        from runner.api.html import version_page

        return version_page(self)


def find_model(workspace: Workspace, name: str) -> Model:
    """Return a model that has a version.

    Raises
    ------
    UserError
        If it does not exist, naming the nearest.
    """
    model = Model(workspace, name)
    if not model.version_numbers():
        raise UserError(f"Model '{name}' does not exist", nearest(name, FileRegistry(workspace.layout).names()))
    return model


def locate_version(workspace: Workspace, reference: str) -> tuple[Model, int]:
    """Return the model and the number of a version, whose record may be unreadable.

    Raises
    ------
    UserError
        If there is none.
    """
    name, number = FileRegistry(workspace.layout).locate(reference)
    return Model(workspace, name), number


def _delete(workspace: Workspace, name: str, version: int | None, *, force: bool) -> None:
    from runner.endpoints.store import EndpointStore

    needed = [] if force else EndpointStore(workspace.layout).uses_of(name, version)
    if needed:
        what = f"Model {name}" if version is None else f"Model {name}:{version}"
        raise UserError(f"{what} was not removed: {'; '.join(needed)}", "Deploy another version first")
    FileRegistry(workspace.layout).delete(name, version)
