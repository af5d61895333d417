"""Receives a run's files from a node: logs as they grow, outputs checked by hash, cut transfers resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from runner.errors import UserError
from runner.hosts.remote.host import RemoteHost
from runner.io.hashes import hash_file
from runner.layout import RunLayout
from runner.worker.layout import GROWING, INSPECTION, RESULT, WORKER_LOG

_TAKEN = frozenset([*GROWING, RESULT, INSPECTION])
_PLACES = (RunLayout.logs, RunLayout.work, RunLayout.children, RunLayout.mlflow, RunLayout.outputs)
_FOLDERS = frozenset(map(str, _PLACES))
_PART = ".part"


class Receiver:
    """Stores the files that a node sends in the run's folder on this machine.

    Parameters
    ----------
    run : RunLayout
        The run.
    """

    def __init__(self, run: RunLayout) -> None:
        self._run = run
        self.result: bytes | None = None  # the worker's result, which is written after all other files

    def offsets(self) -> dict[str, int]:
        """Return the received size of each growing file."""
        return {name: (self._run.root / name).stat().st_size for name in GROWING if (self._run.root / name).exists()}

    def append(self, name: str, offset: int, content: bytes) -> None:
        """Append data at an offset, skipping what was already received.

        Raises
        ------
        UserError
            If there is a gap, or the file is not a log.
        """
        if name not in GROWING:
            raise UserError(f"A node sent {name!r}, which is not a log")
        with (self._run.root / name).open("ab") as file:
            have = file.tell()
            if offset > have:
                raise UserError(f"{name}: {offset - have} bytes are missing from what the node sent")
            file.write(content[have - offset :])

    def whole(self, name: str, content: bytes, facts: Mapping[str, Any]) -> None:
        """Write a file that was sent whole, unless it changed while it was sent."""
        if len(content) != facts["size"] or hashlib.sha256(content).hexdigest() != facts["sha256"]:
            return  # it changed while it was sent, and will be fetched
        if name == RESULT:
            self.result = content
            return
        path = self._place(name)
        aside = path.with_name(path.name + _PART)
        aside.write_bytes(content)
        aside.rename(path)

    def missing(self, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Return the run's files that differ from those on the node."""
        held = RESULT if self.result is not None else None
        return [name for name, facts in files.items() if name != held and not self._is_here(name, facts)]

    def fetch(self, host: RemoteHost, remote: Path, name: str, facts: Mapping[str, Any]) -> None:
        """Fetch a file, resuming an earlier attempt.

        Raises
        ------
        UserError
            If the content differs from the announced hash.
        """
        path = self._place(name)
        aside = path.with_name(path.name + _PART)
        for _ in range(2):
            with aside.open("ab") as file:
                for piece in host.pieces(remote / name, file.tell()):
                    file.write(piece)
            if hash_file(aside) == facts["sha256"]:
                aside.rename(path)
                return
            aside.unlink()  # the start belonged to another version of the file
        raise UserError(f"{name} from {host.name} differs from the file there")

    def _is_here(self, name: str, facts: Mapping[str, Any]) -> bool:
        path = self._place(name)
        if facts["size"] == 0 and not path.exists():
            if name == WORKER_LOG:  # only has content if something went wrong
                return True
            path.touch()
        return path.is_file() and path.stat().st_size == facts["size"] and hash_file(path) == facts["sha256"]

    def _place(self, name: str) -> Path:
        """Return a file's path. A node cannot write anywhere else.

        Raises
        ------
        UserError
            If the name does not belong in a run.
        """
        parts = PurePosixPath(name).parts
        inside = name in _TAKEN or (len(parts) > 1 and parts[0] in _FOLDERS)
        if not inside or ".." in parts or "\0" in name or name.startswith("/"):
            raise UserError(f"A node sent {name!r}, which does not belong in a run")
        path = self._run.root / name
        for above in path.parents:
            if above == self._run.root:
                break
            if above.is_symlink():
                raise UserError(f"A node sent {name!r}, which is behind a link")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
