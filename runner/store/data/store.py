"""Data assets: ``data/<name>/<version>/data.json``, and their content by its hash in ``blobs/``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.access.permissions import user_name
from runner.errors import UserError, one_of
from runner.io.clock import now
from runner.io.files import encoded, write_bytes
from runner.io.hashes import hash_file
from runner.io.json_records import read_lines, warn_once
from runner.layout import AssetLayout, Layout, is_asset_name
from runner.records import FileRecord
from runner.store.data import tables
from runner.store.data.blobs import BlobStore, Measured
from runner.store.data.content import Content, files_inside, find_content
from runner.store.data.hashes import HashCache
from runner.store.data.records import FILE, FOLDER, TABLE, TYPES, AssetRecord
from runner.store.versions import VersionStore

RECORD = str(AssetLayout.record)


@dataclass(frozen=True)
class Added:
    """A version, and whether it is new. If not, the latest version already had the same content."""

    record: AssetRecord
    new: bool


class DataStore(VersionStore[AssetRecord]):
    """The data assets of one workspace."""

    kind, record_name, what, command = AssetRecord, RECORD, "data asset", "vivero data"

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.blobs = BlobStore(layout)

    @property
    def root(self) -> Path:
        """The folder of all data assets."""
        return self.layout.data

    def folder(self, name: str) -> Path:
        """Return a data asset's folder, after checking the name."""
        return self.layout.asset(name)

    def is_name(self, name: str) -> bool:
        """Return whether this is a valid name for a data asset."""
        return is_asset_name(name)

    def add(
        self,
        name: str,
        sources: Sequence[Path],
        *,
        type: str | None = None,
        reference: bool = False,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        run: str | None = None,
        output: str | None = None,
        content: str | None = None,
        pythons: Sequence[str] = (),
    ) -> Added:
        """Store content as the next version, unless the latest version has the same content.

        In that case the latest version gets the new tags and description.

        Parameters
        ----------
        name : str
            The data asset's name.
        sources : sequence of Path
            A file or a folder. Several are gathered in one folder.
        type : str or None
            ``file``, ``folder`` or ``table``. None means the type that the content looks like.
        reference : bool
            Whether to leave the content where it is and record only its hash.
        description : str or None
            The version's description.
        tags : mapping of str to str
            The version's tags.
        run, output : str or None
            The run that produced it, and the name of the run's output.
        content : str or None
            The name that scripts see. None means that of the source.
        pythons : sequence of str
            Interpreters that may have pyarrow, to describe a table in Parquet.

        Raises
        ------
        UserError
            If the name or a source is not valid, or writing fails.
        """
        folder = self.folder(name)
        if not sources:
            raise UserError(f"Nothing was named to add as {name}")
        if reference and len(sources) != 1:
            raise UserError("--reference takes one file or folder", "Several together can only be copied")
        gathered = find_content(sources, content, self.layout.root)
        kind = _type_of(gathered, type)
        wanted = AssetRecord(
            name=name, version=0, created=now(), type=kind, hash="0" * 64, files=len(gathered.files), bytes=0,
            content=gathered.name, reference=os.path.realpath(sources[0]) if reference else None,
            source=" ".join(os.path.abspath(source) for source in sources[:_SOURCES]), description=description,
            tags=dict(tags or {}), user=user_name(), run=run, output=output,
        )  # fmt: skip
        try:
            return self._add(folder, wanted, gathered, pythons, content is not None)
        except OSError as error:
            raise UserError(
                f"Data asset {name} was not added: {error.strerror or error} ({error.filename or folder})",
                "Free some space, or choose another workspace: --workspace PATH",
            ) from None

    def _add(self, folder: Path, wanted: AssetRecord, content: Content, pythons: Sequence[str], named: bool) -> Added:
        with HashCache(self.layout.hashes) as cache:
            while True:
                hashes = self._stored(wanted, content, cache)
                wanted = dataclasses.replace(wanted, hash=hashes.digest, bytes=hashes.bytes)
                same = self._same(wanted, named)
                if same is None and wanted.type == TABLE:
                    wanted = dataclasses.replace(wanted, table=self._describe(wanted, hashes, pythons))
                with self.staged(folder) as staging, self.blobs.locked():
                    if wanted.reference is None and not os.path.lexists(self.path(wanted)):
                        continue  # another process removed the content with its last version
                    same = self._same(wanted, named)
                    if same is not None:
                        break
                    _write_files(AssetLayout(staging).files, hashes)
                    return Added(self.take_number(folder, staging, wanted), new=True)
        if wanted.tags:
            same = self.set_tags(same.name, same.version, wanted.tags)
        if wanted.description is not None:
            same = self.describe(same.name, same.version, wanted.description)
        return Added(same, new=False)

    def _stored(self, wanted: AssetRecord, content: Content, cache: HashCache) -> Measured:
        if wanted.reference is not None:
            return self.blobs.measure(content, cache)
        return self.blobs.keep(content, cache, self._alike(wanted.name))

    def _alike(self, name: str) -> dict[str, Path]:
        """Return the stored files of the latest version by their hashes. The next version may contain them again."""
        latest = next(self.readable(name), None)
        if latest is None or latest.reference is not None or latest.files == 1:
            return {}
        place = self.path(latest)
        try:
            return {file.sha256: place / file.path for file in self.files(latest)}
        except UserError:  # the list is damaged: all files are copied
            return {}

    def _same(self, wanted: AssetRecord, named: bool) -> AssetRecord | None:
        """Return the latest version if it has the same content, and the same name for scripts if that was given."""
        latest = next(self.readable(wanted.name), None)
        if latest is None:
            return None
        same = ["hash", "type", "reference", *(["content"] if named else [])]
        return latest if all(getattr(latest, field) == getattr(wanted, field) for field in same) else None

    def _describe(self, wanted: AssetRecord, hashes: Measured, pythons: Sequence[str]) -> Any:
        return tables.describe(self.path(wanted), list(hashes.files), pythons)

    def path(self, record: AssetRecord) -> Path:
        """Return the file or folder with a version's content."""
        if record.reference is not None:
            return Path(record.reference)
        return self.blobs.place(record.hash, record.content)

    def files(self, record: AssetRecord) -> Iterator[FileRecord]:
        """Yield the files of a version with their hashes, as they were when it was added."""
        path = AssetLayout(self.folder(record.name) / str(record.version)).files
        for line in read_lines(path, FileRecord, whole=True):
            yield FileRecord.from_json(line)

    def check(self, record: AssetRecord) -> None:
        """Check that a version's content exists and, if it is not a copy, that it has not changed.

        Raises
        ------
        UserError
            If it is missing or has changed.
        """
        path = self.path(record)
        if not path.exists():
            raise UserError(f"The content of {record.id} is not there any more: {path}", self._again(record))
        if record.reference is None:
            return
        with HashCache(self.layout.hashes) as cache:
            digest = self.blobs.measure(find_content([path], record.content, self.layout.root), cache).digest
        if digest != record.hash:
            raise UserError(f"{path} has changed since it was added as {record.id}", self._again(record))

    def _again(self, record: AssetRecord) -> str:
        where, option = (record.reference, " --reference") if record.reference else (record.source, "")
        return f"To add it as it is now: vivero data add {record.name} {where}{option}"

    def describe(self, name: str, version: int, description: str | None) -> AssetRecord:
        """Replace the description of a version, or remove it with None."""
        return self.change(name, version, lambda record: dataclasses.replace(record, description=description))

    def verify(self, name: str, version: int) -> list[str]:
        """Read a version's content and return its problems, one line each."""
        record = self.read(name, version)
        place = self.path(record)
        if not place.exists():
            return [f"its content is missing: {place}"]
        known = {file.path: file.sha256 for file in self.files(record)}
        wrong = []
        for path, digest in known.items():
            file = place / path if place.is_dir() else place
            try:
                if not file.is_file():
                    wrong.append(f"{path} is missing")
                elif hash_file(file) != digest:
                    wrong.append(f"{path} has changed since it was added")
            except OSError as error:
                wrong.append(f"{path} cannot be read: {error.strerror}")
        if place.is_dir():
            try:
                wrong += [f"{path} was not added" for path in files_inside(place) if path not in known]
            except UserError as error:
                wrong.append(str(error))
        return wrong

    def delete(
        self, name: str, version: int | None, *, force: bool = False, used: Callable[[AssetRecord], bool] | None = None
    ) -> None:
        """Remove one version, or with None all of them, and content that nothing else needs.

        Parameters
        ----------
        name : str
            The data asset's name.
        version : int or None
            The version. None means all versions.
        force : bool
            Whether to remove a version that an alias points at, with the alias.
        used : callable or None
            Returns whether anything other than a data asset needs the content of a version.

        Raises
        ------
        UserError
            If it does not exist, or an alias points at it and `force` is false.
        """
        if force and version is not None:
            chosen = self._chosen(name, version)
            held = [alias for alias, number in self.aliases(name).items() if number == version]
        else:
            chosen, held = self.check_delete(name, version)
        with self.blobs.locked():
            gone = []
            for number in chosen:
                with contextlib.suppress(UserError):  # a damaged record names no content
                    gone.append(self.read(name, number))
            self.remove_versions(name, chosen, held)
            unneeded = [record for record in gone if record.reference is None and not (used and used(record))]
            needed = self._needed() if unneeded else set()
            for record in unneeded:
                if needed is not None and record.hash not in needed:
                    self.blobs.remove(record.hash)

    def _needed(self) -> set[str] | None:
        """Return the hashes of the content of all versions, or None if a record cannot be read, which may name any."""
        found = set()
        for name in self.names():
            for version in self.versions(name):
                try:
                    record = self.read(name, version)
                except UserError as error:
                    warn_once(self._record_of(name, version), f"{error}. No content was removed, it may be needed")
                    return None
                found |= {record.hash} if record.reference is None else set()
        return found

    def all(self) -> Iterator[AssetRecord]:
        """Yield the records of all versions that can be read. The others give a warning."""
        for name in self.names():
            yield from self.readable(name)

    def find_by_run(self, run_id: str) -> list[AssetRecord]:
        """Return the versions that a run produced."""
        return [record for record in self.all() if record.run == run_id]

    def diff(self, before: AssetRecord, after: AssetRecord) -> dict[str, list[str]]:
        """Return the paths of files by ``added``, ``removed`` and ``changed`` from one version to another.

        If both versions are single files, their names are ignored.
        """
        files = [list(self.files(record)) for record in (before, after)]
        alone = all(self._is_file(record) for record in (before, after))
        old, new = ({"" if alone else file.path: file.sha256 for file in side} for side in files)
        if alone:
            return {"added": [], "removed": [], "changed": [after.content] if old != new else []}
        return {
            "added": sorted(set(new) - set(old)),
            "removed": sorted(set(old) - set(new)),
            "changed": sorted(path for path in set(old) & set(new) if old[path] != new[path]),
        }

    def _is_file(self, record: AssetRecord) -> bool:
        return [file.path for file in self.files(record)] == [record.content] and record.type != FOLDER


_SOURCES = 20  # named in a record


def _type_of(content: Content, wanted: str | None) -> str:
    """Return the type of content.

    Raises
    ------
    UserError
        If the content cannot have the requested type.
    """
    if wanted is None:
        return TABLE if tables.is_table(list(content.files)) else FILE if content.is_file else FOLDER
    wanted = one_of(wanted, TYPES, "type")
    if wanted == FILE and not content.is_file:
        raise UserError(
            f"{content.name} is a folder, so it cannot be of type file", "Use --type folder, or name a file"
        )
    if wanted == FOLDER and content.is_file:
        raise UserError(
            f"{content.name} is a file, so it cannot be of type folder", "Use --type file, or name a folder"
        )
    return wanted


def _write_files(path: Path, hashes: Measured) -> None:
    lines = (
        json.dumps({"path": name, "bytes": size, "sha256": digest}, ensure_ascii=False)
        for name, (digest, size) in hashes.files.items()
    )
    write_bytes(path, encoded("".join(f"{line}\n" for line in lines)))
