"""The key of the studio, for browsers on other machines. It is a user's own; only its hash is kept."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from runner.io.clock import now
from runner.io.files import write_json
from runner.io.json_records import read_record
from runner.records import KeyRecord


def key_file() -> Path:
    """Return the file that keeps the hash."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return Path(home or Path.home() / ".config", "vivero", "studio-key.json")


def make_key() -> str:
    """Make another key, which replaces the one before, and return it."""
    key, path = secrets.token_urlsafe(32), key_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_json(path, {"sha256": hashlib.sha256(key.encode()).hexdigest(), "created": now()})
    return key


def read_key() -> bytes | None:
    """Return the SHA-256 of the key, None if there is no key."""
    path = key_file()
    return bytes.fromhex(read_record(path, KeyRecord).sha256) if path.exists() else None
