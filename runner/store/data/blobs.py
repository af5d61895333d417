"""Content stored once by its hash: ``blobs/<hash>/<name>``, read-only.

A file that is already stored is linked to instead of copied. Content is staged and renamed, so a kill at any instant
leaves all of it or nothing. The next process that stores content removes abandoned staging folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runner.errors import UserError
from runner.io.files import make_folder
from runner.io.folders import sync_tree
from runner.io.hashes import hash_hashes
from runner.io.locks import locked
from runner.io.removal import remove
from runner.layout import Layout
from runner.store.data.content import Content
from runner.store.data.hashes import HashCache
from runner.store.versions import staged

_BLOCK = 1 << 20
_FILE, _FOLDER = 0o444, 0o555
_SYNCED_ALONE = 500  # files; for more, the whole file system is synced at once


@dataclass(frozen=True)
class Measured:
    """The hash of content, and the SHA-256 and size of each file by its path."""

    digest: str
    files: Mapping[str, tuple[str, int]]

    @property
    def bytes(self) -> int:
        """The total size of the files, in bytes."""
        return sum(size for _, size in self.files.values())


class BlobStore:
    """The blobs of one workspace."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from adding or removing content."""
        make_folder(self.layout.blobs)
        with locked(self.layout.blobs_lock):
            yield

    def place(self, digest: str, name: str) -> Path:
        """Return the path of stored content, which need not exist."""
        return self.layout.blob(digest) / name

    def measure(self, content: Content, cache: HashCache) -> Measured:
        """Return the hashes of content. Only files whose hash is not cached are read.

        Raises
        ------
        UserError
            If a file cannot be read, or changes while it is read.
        """
        files = {}
        for name, path in content.files.items():
            with reading(path) as (file, state):
                known = cache.known(path, state)
                if known is None:
                    known = _read(file, state, path, None)
                    cache.keep(path, state, known)
                files[name] = known, state.st_size
        return measured(content, files)

    def keep(self, content: Content, cache: HashCache, alike: Mapping[str, Path] | None = None) -> Measured:
        """Store content unless it is already stored. Each file is read at most once.

        Parameters
        ----------
        content : Content
            The file or folder.
        cache : HashCache
            Known hashes, to which new ones are added.
        alike : mapping of str to Path
            Stored files by their SHA-256. Equal files are linked to them.

        Raises
        ------
        UserError
            If a file cannot be read, or changes while it is copied.
        """
        known = self._known(content, cache)
        if known is not None and self.is_intact(content, known, cache):
            return known
        twins = {**(alike or {}), **(self._named_otherwise(content, known) if known is not None else {})}
        make_folder(self.layout.blobs)
        with staged(self.layout.blobs) as staging:
            copied = staging / content.name
            if not content.is_file:
                copied.mkdir()
            files = {}
            for name, path in content.files.items():
                target = copied if content.is_file else copied / name
                target.parent.mkdir(parents=True, exist_ok=True)
                files[name] = _bring(path, target, cache, twins)
            measurement = measured(content, files)
            if known is None and (twins := self._named_otherwise(content, measurement)):  # the hash is known only now
                for name, (digest, _) in measurement.files.items():
                    _link(digest, copied if content.is_file else copied / name, cache, twins)
            _sync(staging, len(files))
            self._settle(copied, content, measurement, cache)
        return measurement

    def _known(self, content: Content, cache: HashCache) -> Measured | None:
        """Return the hashes of content if all of them are cached, otherwise None."""
        files = {}
        for name, path in content.files.items():
            with reading(path) as (_, state):
                digest = cache.known(path, state)
            if digest is None:
                return None
            files[name] = digest, state.st_size
        return measured(content, files)

    def is_intact(self, content: Content, wanted: Measured, cache: HashCache) -> bool:
        """Return whether content is stored under its name and unchanged. Files whose hash is cached are not read."""
        place = self.place(wanted.digest, content.name)
        if place.is_symlink() or (place.is_file() if not content.is_file else place.is_dir()):
            return False
        if not content.files and not place.is_dir():
            return False
        for name, (digest, size) in wanted.files.items():
            file = place if content.is_file else place / name
            try:
                state = file.lstat()
                if not stat.S_ISREG(state.st_mode) or state.st_size != size or cache.hash(file) != digest:
                    return False
            except OSError:
                return False
        return True

    def _named_otherwise(self, content: Content, wanted: Measured) -> dict[str, Path]:
        """Return the files of the same content stored under another name, by their hashes."""
        paths = {}
        folder = self.layout.blob(wanted.digest)
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name != content.name and entry.is_dir() != content.is_file:
                for name, (digest, _) in wanted.files.items():
                    paths[digest] = entry if content.is_file else entry / name
        return paths

    def _settle(self, copied: Path, content: Content, measurement: Measured, cache: HashCache) -> None:
        """Move staged content to its place, unless another process has stored it in the meantime."""
        target = self.place(measurement.digest, content.name)
        with self.locked():
            if self.is_intact(content, measurement, cache):
                return
            _make_read_only(copied)
            make_folder(target.parent)
            if os.path.lexists(target):  # damaged
                if target.is_dir() and not target.is_symlink():
                    target.chmod(0o755)  # otherwise it could not be moved
                target.rename(copied.with_name(f"{content.name[:200]}.damaged"))
            copied.rename(target)
            if not content.is_file:
                target.chmod(_FOLDER)
        for name, (digest, _) in measurement.files.items():
            file = target if content.is_file else target / name
            cache.keep(file, file.lstat(), digest)

    def remove(self, digest: str) -> None:
        """Remove content under all its names, if it exists."""
        folder = self.layout.blob(digest)
        if folder.is_dir():
            remove(self.layout.root, folder)


def measured(content: Content, files: Mapping[str, tuple[str, int]]) -> Measured:
    """Return the hash of content whose files' hashes are known. The rule is the same as for `hash_tree`."""
    if content.is_file:
        ((digest, _),) = files.values()
    else:
        digest = hash_hashes((name, files[name][0]) for name in sorted(files))
    return Measured(digest, files)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file. A link or anything else that has replaced it since it was listed is refused.

    Raises
    ------
    UserError
        If it cannot be opened, or is not a regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise UserError(f"{path} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file, state


def _read(file: BinaryIO, state: os.stat_result, path: Path, target: BinaryIO | None) -> str:
    """Return the hash of a file, and copy it to `target` if that is not None."""
    digest, count, block = hashlib.sha256(), 0, b""
    while True:
        try:
            block = file.read(_BLOCK)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}") from None
        count += len(block)
        if not block or count > state.st_size:
            break
        digest.update(block)
        if target is not None:
            target.write(block)
    after = os.fstat(file.fileno())
    if count != state.st_size or (after.st_mtime_ns, after.st_size) != (state.st_mtime_ns, state.st_size):
        raise UserError(f"{path} changed while it was read", "Try again")
    return digest.hexdigest()


def _bring(path: Path, target: Path, cache: HashCache, twins: Mapping[str, Path]) -> tuple[str, int]:
    """Link or copy a file, and return its hash and size."""
    with reading(path) as (file, state):
        digest = cache.known(path, state)
        if digest is not None and _link(digest, target, cache, twins):
            return digest, state.st_size
        with target.open("wb") as copy:
            digest = _read(file, state, path, copy)
        cache.keep(path, state, digest)
    _link(digest, target, cache, twins)
    return digest, state.st_size


def _link(digest: str, target: Path, cache: HashCache, twins: Mapping[str, Path]) -> bool:
    """Link to an unchanged stored file with this hash; return whether there was one."""
    twin = twins.get(digest)
    try:
        if twin is None or twin.is_symlink() or cache.hash(twin) != digest:
            return False
        aside = target.with_name(f".{digest}.link")
        os.link(twin, aside)
        aside.rename(target)
        aside.unlink(missing_ok=True)  # a rename of a file onto itself does nothing
    except OSError:  # another file system, too many links or another user's file: it is copied
        return False
    cache.keep(twin, twin.lstat(), digest)  # the count of links has changed its times
    return True


def _make_read_only(path: Path) -> None:
    if path.is_file():
        path.chmod(_FILE)
    for parent, folders, names in os.walk(path):
        for name in names:
            Path(parent, name).chmod(_FILE)
        for folder in folders:
            Path(parent, folder).chmod(_FOLDER)


def _sync(folder: Path, count: int) -> None:
    if count <= _SYNCED_ALONE:
        sync_tree(folder)
    else:
        os.sync()
