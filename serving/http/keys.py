"""The keys of an endpoint. Only their hashes are stored. A wrong key takes as long to compare as a right one."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from runner.console.format import clean
from runner.errors import UserError
from runner.io.json_records import read_record
from runner.records import KeysRecord


class Keys:
    """The keys of one endpoint, read again when their file has changed.

    Parameters
    ----------
    path : Path or None
        ``keys.json``. None means that requests need no key.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._reported = ""
        self._hashes: list[bytes] = []
        self.refresh()

    @property
    def needed(self) -> bool:
        """Whether a request needs a key."""
        return self._path is not None

    def refresh(self) -> None:
        """Read the keys again if their file has changed. If it cannot be read, the earlier keys stay valid.

        The problem is reported once. Each call tries again, because the process may be out of descriptors only briefly.
        """
        if self._path is None:
            return
        try:
            state = os.lstat(self._path)
            stamp = state.st_ino, state.st_mtime_ns, state.st_size
            if stamp == self._stamp:
                return
            keys = read_record(self._path, KeysRecord).keys
            self._hashes = [bytes.fromhex(key.sha256) for key in keys.values()]
            self._stamp, self._reported = stamp, ""
        except (OSError, UserError) as error:
            self._report(str(error))

    def _report(self, problem: str) -> None:
        if problem != self._reported:
            self._reported = problem
            print(
                f"warning: the keys cannot be read again, so the earlier ones stay valid: {clean(problem)}", flush=True
            )

    def admit(self, authorization: str | None) -> bool:
        """Return whether an ``Authorization`` header has one of the keys."""
        if self._path is None:
            return True
        kind, _, key = (authorization or "").partition(" ")
        given = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
        right = [hmac.compare_digest(given, digest) for digest in self._hashes]
        return kind.lower() == "bearer" and any(right)
