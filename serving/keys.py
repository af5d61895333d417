"""Two keys an endpoint. Only their hashes are kept; comparing takes the same time for a right and a wrong one."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path


class Keys:
    """The keys of one endpoint, read again when their file has changed.

    Parameters
    ----------
    path : Path or None
        ``keys.json``; None: every request is let in.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp = 0
        self._hashes: list[bytes] = []
        self.refresh()

    @property
    def needed(self) -> bool:
        """Tell whether a request needs a key."""
        return self._path is not None

    def refresh(self) -> None:
        """Read the keys again if their file has changed; one that cannot be read keeps the keys as they were."""
        if self._path is None:
            return
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                found = json.loads(self._path.read_bytes())
                self._hashes = [bytes.fromhex(one["sha256"]) for one in found["keys"].values()]
                self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"keys: {error}", flush=True)

    def admit(self, authorization: str | None) -> bool:
        """Tell whether an ``Authorization`` header has one of the keys."""
        if self._path is None:
            return True
        kind, _, key = (authorization or "").partition(" ")
        given = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
        right = [hmac.compare_digest(given, one) for one in self._hashes]
        return kind.lower() == "bearer" and any(right)
