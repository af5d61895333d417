"""SHA-256 of files, remembered by path, size, times and inode."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from runner.io.files import make_file
from runner.io.hashes import hash_file
from runner.io.sqlite_cache import connect, is_damage

_FLUSHED = 1000  # hashes that are written in one transaction
_TABLE = "CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, facts TEXT, sha256 TEXT)"


class HashCache:
    """A cache of file hashes. Its file can be deleted at any time. If it cannot be written, the cache is in memory."""

    def __init__(self, path: Path) -> None:
        self._new: dict[str, tuple[str, str]] = {}
        self._folders: dict[str, str] = {}  # the real paths of folders
        self._database = _usable(path)

    def __enter__(self) -> HashCache:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
        finally:
            self._database.close()

    def hash(self, path: Path) -> str:
        """Return a file's hash, reading the file only if necessary."""
        state = path.stat()
        known = self.known(path, state)
        if known is not None:
            return known
        digest = hash_file(path)
        self.keep(path, state, digest)
        return digest

    def known(self, path: Path, state: os.stat_result) -> str | None:
        """Return the hash of a file in a state, which is its ``stat`` result, or None if it is not cached."""
        key = self._key(path)
        found = self._new.get(key) or self._stored(key)
        return found[1] if found is not None and found[0] == _facts(state) else None

    def _stored(self, key: str) -> tuple[str, str] | None:
        try:
            found = self._database.execute("SELECT facts, sha256 FROM hashes WHERE path = ?", (key,)).fetchone()
        except sqlite3.DatabaseError:  # locked or damaged meanwhile: it is computed again
            return None
        return None if found is None else (str(found[0]), str(found[1]))

    def keep(self, path: Path, state: os.stat_result, digest: str) -> None:
        """Remember the hash that a file has in a state."""
        self._new[self._key(path)] = _facts(state), digest
        if len(self._new) >= _FLUSHED:
            self._flush()

    def _key(self, path: Path) -> str:
        """Return the real path of a file. Each folder is resolved only once, which matters for 100,000 files."""
        folder, name = os.path.split(path)
        if name in ("", "..") or path.is_symlink():
            real = os.path.realpath(path)
        else:
            if folder not in self._folders:
                self._folders[folder] = os.path.realpath(folder)
            real = os.path.join(self._folders[folder], name)
        return os.fsencode(real).decode("latin-1")

    def _flush(self) -> None:
        if not self._new:
            return
        rows = [(key, *facts) for key, facts in self._new.items()]
        self._new.clear()
        with contextlib.suppress(sqlite3.DatabaseError), self._database:  # read-only, full or locked
            self._database.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", rows)


def _usable(path: Path) -> sqlite3.Connection:
    """Return the database of a file, which is replaced if it is damaged. Without a usable file it is in memory."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            path.unlink(missing_ok=True)  # its hashes are computed again
            return _opened(path)
    except (OSError, sqlite3.OperationalError):  # not writable, or another process holds it
        return _with_table(Path(":memory:"))


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        make_file(path)
    return _with_table(path)


def _with_table(path: Path) -> sqlite3.Connection:
    database = connect(path)
    try:
        database.execute(_TABLE)
        database.execute("PRAGMA synchronous=OFF")  # a power cut costs only cached hashes
    except BaseException:
        database.close()
        raise
    return database


def _facts(state: os.stat_result) -> str:
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino} {state.st_dev}"
