"""Data inputs: hashed before the run, and checked again after it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from runner.errors import UserError
from runner.io.folders import BadLinkError, followed_files
from runner.io.hashes import hash_hashes
from runner.layout import Layout
from runner.records import InputRecord


class InputStore:
    """The data inputs of a workspace's runs."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def save(self, name: str, path: Path, mode: str, run_inputs: Path, filename: str | None = None) -> InputRecord:
        """Hash an input and make it available. Links in a folder are followed.

        Parameters
        ----------
        name : str
            The input's name.
        path : Path
            The file or folder.
        mode : str
            ``mount``: a link to it. ``copy``: a read-only copy in the workspace.
        run_inputs : Path
            The run's folder for links.
        filename : str or None
            The file name that the script sees. None means its own.

        Raises
        ------
        UserError
            If it does not exist, or contains a broken or circular link.
        """
        if not path.exists():
            raise UserError(f"data.inputs.{name}.path: {path} does not exist")
        digest, files, size = self._measure(name, path)
        location = run_inputs / name / (filename or path.name)
        location.parent.mkdir(parents=True, exist_ok=True)
        if mode == "mount":
            location.symlink_to(path.absolute())
        else:
            self._link_copy(name, path, digest, location)
        return InputRecord(
            path=str(path), mode=mode, hash=digest, files=files, bytes=size, location=self.layout.relative(location)
        )

    def save_asset(
        self, name: str, reference: str, mode: str, run_inputs: Path, filename: str | None = None
    ) -> InputRecord:
        """Make a version of a data asset available, without reading it: its hash is known.

        Parameters
        ----------
        reference : str
            The version, as ``NAME:VERSION``. The other parameters are those of `save`.

        Raises
        ------
        UserError
            If it does not exist, its content is missing, or it is not a copy and has changed.
        """
        from runner.store.data.store import DataStore

        store = DataStore(self.layout)
        asset = store.resolve(reference)
        store.check(asset)
        place = store.path(asset)
        location = run_inputs / name / (filename or asset.content)
        location.parent.mkdir(parents=True, exist_ok=True)
        if asset.reference is not None and mode == "copy":
            self._link_copy(name, place, asset.hash, location)
        else:
            with store.blobs.locked():
                if not place.exists():
                    raise UserError(f"data.inputs.{name}: the content of {asset.id} has just been removed")
                location.symlink_to(place)
        return InputRecord(
            path=str(place),
            mode=mode,
            hash=asset.hash,
            files=asset.files,
            bytes=asset.bytes,
            location=self.layout.relative(location),
            asset=asset.id,
        )

    def hash_of(self, name: str, path: Path) -> str:
        """Return the hash of an input's content. Unchanged files are not read again."""
        return self._measure(name, path)[0]

    def recheck(self, name: str, record: InputRecord, _run_inputs: Path) -> None:
        """Check that an input has not changed since it was hashed.

        Raises
        ------
        UserError
            If it changed, or was removed.
        """
        place = (self.layout.root / record.location).resolve()
        if record.asset is not None and not place.exists():
            raise UserError(
                f"The content of {record.asset}, data input {name}, was removed while the run needed it: {place}",
                "Add it again: vivero data add",
            )
        if not place.exists() or self._measure(name, place)[0] != record.hash:
            if record.asset is not None:
                raise UserError(
                    f"Data input {name}, {record.asset}, changed while the run was using it: {place}",
                    f"To see what is wrong: vivero data verify {record.asset.partition(':')[0]}",
                )
            raise UserError(
                f"Data input {name} at {record.path} changed while the run was using it",
                f"For data that others write to: data.inputs.{name}.mode=copy",
            )

    def _link_copy(self, name: str, path: Path, digest: str, location: Path) -> None:
        """Store an input and link to it; content that a run links to is not removed."""
        from runner.store.data.blobs import BlobStore
        from runner.store.data.content import Content
        from runner.store.data.hashes import HashCache

        names = [path.name] if path.is_file() else _files(name, path)
        folder = path.parent if path.is_file() else path
        files = {file: Path(os.path.realpath(folder / file)) for file in names}
        blobs = BlobStore(self.layout)
        with HashCache(self.layout.hashes) as cache:
            kept = blobs.keep(Content(path.name, files, is_file=path.is_file()), cache)
        if kept.digest != digest:
            raise UserError(f"Data input {name} at {path} changed while it was copied", "Try again")
        target = blobs.place(digest, path.name)
        with blobs.locked():
            if not target.exists():
                raise UserError(f"The copy of data input {name} was just removed", "Try again")
            location.symlink_to(target)

    def _measure(self, name: str, path: Path) -> tuple[str, int, int]:
        """Return the hash, the number of files and their size. Unchanged files are not read again."""
        from runner.store.data.hashes import HashCache

        with HashCache(self.layout.hashes) as cache, _refusals_reported(name, path):
            if path.is_file():
                return cache.hash(path), 1, path.stat().st_size
            names = _files(name, path)
            digest = hash_hashes((file, cache.hash(path / file)) for file in names)
            return digest, len(names), sum((path / file).stat().st_size for file in names)


@contextlib.contextmanager
def _refusals_reported(name: str, path: Path) -> Iterator[None]:
    """Raise a `UserError` if a file cannot be read, or is removed while the input is hashed."""
    try:
        yield
    except OSError as error:
        raise UserError(f"data.inputs.{name}: {error.filename or path} cannot be read: {error.strerror}") from None


def _files(name: str, folder: Path) -> list[str]:
    try:
        return followed_files(folder)
    except BadLinkError as wrong:
        raise UserError(f"data.inputs.{name}: {wrong}", "Remove it, or use a folder without it") from None
