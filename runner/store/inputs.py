"""Data inputs: hashed before the run, and checked again after it."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from runner.errors import UserError
from runner.io.files import BadLinkError, followed_files, hash_file, hash_tree, make_file, remove_tree, sync_tree
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
            The file name that the script sees; None: its own.

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
        target = path.absolute() if mode == "mount" else self._copy(name, path, digest)
        location.symlink_to(target)
        return InputRecord(
            path=str(path), mode=mode, hash=digest, files=files, bytes=size, location=self.layout.relative(location)
        )

    def recheck(self, name: str, record: InputRecord, _run_inputs: Path) -> None:
        """Check that an input has not changed since it was hashed.

        Raises
        ------
        UserError
            If it changed.
        """
        place = (self.layout.root / record.location).resolve()
        if not place.exists() or self._measure(name, place)[0] != record.hash:
            raise UserError(
                f"Data input {name} at {record.path} changed while the run was using it",
                f"For data that others write to: data.inputs.{name}.mode=copy",
            )

    def _copy(self, name: str, path: Path, digest: str) -> Path:
        target = self.layout.copied_data(digest)
        if not target.exists():
            staging = self.layout.data / f".staging-{secrets.token_hex(6)}"
            staging.mkdir(parents=True)
            copied = staging / path.name
            try:
                if path.is_dir():
                    for one in _files(name, path):
                        (copied / one).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path / one, copied / one)
                    copied.mkdir(exist_ok=True)
                else:
                    shutil.copyfile(path, copied)
                if hash_tree(copied) != digest:
                    raise UserError(f"Data input {name} at {path} changed while it was copied", "Try again")
                sync_tree(staging)
                for parent, folders, names in os.walk(staging, topdown=False):
                    for one in [*names, *folders]:
                        Path(parent, one).chmod(0o555 if one in folders else 0o444)
                staging.rename(target)
            except OSError:
                if not target.exists():
                    raise
            finally:
                remove_tree(staging)
        return next(iter(target.iterdir()))

    def _measure(self, name: str, path: Path) -> tuple[str, int, int]:
        """Return the hash, the number of files and their size. Unchanged files are not read again."""
        with HashCache(self.layout.hashes) as cache:
            if path.is_file():
                return cache.hash(path), 1, path.stat().st_size
            import hashlib

            names = _files(name, path)
            lines = "".join(f"{cache.hash(path / one)}  {one}\n" for one in names)
            size = sum((path / one).stat().st_size for one in names)
            return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest(), len(names), size


def _files(name: str, folder: Path) -> list[str]:
    try:
        return followed_files(folder)
    except BadLinkError as wrong:
        raise UserError(f"data.inputs.{name}: {wrong}", "Remove it, or use a folder without it") from None


class HashCache:
    """SHA-256 of files by path, size, modification time and inode. The file can be deleted at any time."""

    def __init__(self, path: Path) -> None:
        import sqlite3

        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            make_file(path)
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._database.execute("CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, facts TEXT, sha256 TEXT)")
        self._database.execute("PRAGMA synchronous=OFF")  # a cache: what a power cut destroys is computed again

    def __enter__(self) -> HashCache:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def hash(self, path: Path) -> str:
        """Return a file's hash, reading the file only if necessary."""
        state = path.stat()
        facts = f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino} {state.st_dev}"
        key = os.fsencode(os.path.realpath(path)).decode("latin-1")
        known = self._database.execute("SELECT facts, sha256 FROM hashes WHERE path = ?", (key,)).fetchone()
        if known is not None and known[0] == facts:
            return str(known[1])
        digest = hash_file(path)
        self._database.execute("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", (key, facts, digest))
        return digest
