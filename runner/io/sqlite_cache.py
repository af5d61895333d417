"""Caches in SQLite files. Any of them can be deleted at any time, but not while another process only holds its lock."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runner.worker import timeouts

# What says nothing about the content: another process has the lock, or the file cannot be opened, read or written.
_NOT_DAMAGE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}  # fmt: skip


def connect(path: Path, *, isolation_level: str | None = "DEFERRED") -> sqlite3.Connection:
    """Open a cache. Its calls wait for another process's lock, and then raise ``OperationalError``."""
    return sqlite3.connect(path, timeout=timeouts.seconds("cache_lock"), isolation_level=isolation_level)  # type: ignore[arg-type]


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error means that the content is damaged, so that the file has to be made anew."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _NOT_DAMAGE
