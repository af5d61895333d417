"""Copies of source folders. Equal content is stored once."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.files import make_folder, write_json
from runner.io.folders import BadLinkError, followed_files, remove_tree, sync_tree
from runner.io.hashes import hash_file
from runner.io.json_records import read_json
from runner.layout import Layout
from runner.ports.say import Say
from runner.records import SnapshotRecord
from runner.store.credentials import secret_looking
from runner.worker import snapshot

IGNORE_FILES = (".amlignore", ".gitignore")
NEVER = {".git", "__pycache__"}
RESULT_FOLDERS = ("outputs", "logs")
_MB = 2**20


class FileSnapshotStore:
    """The snapshots of one workspace: ``<hash>/manifest.json`` and ``<hash>/files/``.

    Links in the source are followed. Each copy that is checked out is verified. A snapshot that has changed is
    repaired from the source if this store saved it, and refused otherwise.
    """

    def __init__(
        self,
        layout: Layout,
        max_bytes: int = 300 * _MB,
        max_files: int = 2000,
        allow_secrets: Sequence[str] = (),
    ) -> None:
        self.layout, self.max_bytes, self.max_files, self.allow_secrets = layout, max_bytes, max_files, allow_secrets
        self._repairs: dict[str, Callable[[str], None]] = {}  # by the hashes of the snapshots that this store saved

    def save(self, source: Path, say: Say) -> SnapshotRecord:
        """Copy a source folder unless its content is already stored.

        Raises
        ------
        UserError
            If it is too large, has circular links, or contains files that look like secrets.
        """
        paths = self._listed(source, say)
        sizes = {path: (source / path).stat().st_size for path in paths}
        self._check(paths, sizes)
        manifest = {path: _facts(source / path) for path in sorted(paths)}
        digest = snapshot.key_of(manifest)
        if not (self.layout.snapshot(digest) / "manifest.json").exists():
            self._store(source, digest, manifest)

        def repair(name: str) -> None:
            say(f"Snapshot {digest[:12]} had changed ({name}) and was repaired from the source")
            self._store(source, digest, manifest, replace=True)

        self._repairs[digest] = repair
        total = sum(sizes.values())
        return SnapshotRecord(hash=digest, source=source.name, files=len(paths), bytes=total)

    def check_out(self, digest: str, target: Path) -> None:
        """Create a writable copy of a stored snapshot.

        Raises
        ------
        UserError
            If it is not stored or has changed.
        """
        make_folder(target)
        try:
            self._copy(digest, target)
        except snapshot.DamagedError as damaged:
            if digest not in self._repairs:
                raise damaged_error(self.layout.snapshot(digest), damaged) from None
            self._repairs[digest](str(damaged))
            self._copy(digest, target)

    def _copy(self, digest: str, target: Path) -> None:
        folder = self.layout.snapshot(digest)
        snapshot.copy(str(folder / "files"), read_manifest(folder), digest, str(target))

    def _listed(self, source: Path, say: Say) -> list[str]:
        ignored = _ignore_rules(source)
        for name in RESULT_FOLDERS:
            if (source / name).is_dir():
                say(f"{name}/ of the source folder is not copied: each run writes its own")
        many = 20 * self.max_files  # enough to refuse, before a whole disk is listed
        seen = 0

        def is_excluded(path: str, is_folder: bool) -> bool:
            nonlocal seen
            if path.rpartition("/")[2] in NEVER or (is_folder and path in RESULT_FOLDERS):
                return True
            if is_folder:
                return os.path.realpath(source / path) == str(self.layout.root) or ignored(path + "/")
            if ignored(path):
                return True
            seen += 1
            if seen > many:
                raise UserError(*_too_much(f"over {many} files", self.max_files, "max_files"))
            return False

        try:
            return followed_files(source, is_excluded)
        except BadLinkError as wrong:
            raise UserError(f"job.source: {wrong}", "Remove it, or add it to .amlignore") from None

    def _check(self, paths: Sequence[str], sizes: dict[str, int]) -> None:
        secret = secret_looking(paths, self.allow_secrets)
        if secret:
            raise UserError(
                f"The source folder has files that look like secrets: {', '.join(secret[:5])}",
                f"Add them to .amlignore, or allow them: 'job.snapshot.allow_secrets=[\"{secret[0]}\"]'",
            )
        total = sum(sizes.values())
        largest = sorted(sizes, key=lambda path: -sizes[path])[:5]
        listed = ", ".join(f"{path} ({sizes[path] / _MB:.1f} MB)" for path in largest)
        if total > self.max_bytes:
            limit = f"{self.max_bytes / _MB:g} MB"
            raise UserError(*_too_much(f"{total / _MB:.0f} MB; the largest: {listed}", limit, "max_megabytes"))
        if len(paths) > self.max_files:
            raise UserError(*_too_much(f"{len(paths)} files; the largest: {listed}", self.max_files, "max_files"))

    def _store(
        self, source: Path, digest: str, manifest: dict[str, dict[str, object]], *, replace: bool = False
    ) -> None:
        target = self.layout.snapshot(digest)
        self.layout.snapshots.mkdir(parents=True, exist_ok=True)
        staging = self.layout.snapshots / f".staging-{secrets.token_hex(6)}"
        damaged = staging.with_suffix(".damaged")
        try:
            for name, facts in manifest.items():
                path = staging / "files" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, path)
                if hash_file(path) != facts["sha256"]:
                    raise UserError(f"job.source: {name} changed while it was copied", "Try again")
            staging.mkdir(exist_ok=True)
            write_json(staging / "manifest.json", {"format": 1, "hash": digest, "files": manifest})
            sync_tree(staging)
            if replace:  # a process that is copying from it gets an error
                target.rename(damaged)
            try:
                staging.rename(target)
            except OSError:
                if not (target / "manifest.json").exists():
                    raise
        finally:
            remove_tree(staging)
            remove_tree(damaged)


def _too_much(what: str, limit: object, setting: str) -> tuple[str, str]:
    hint = f"Exclude files in .amlignore, or raise the limit of {limit}: job.snapshot.{setting}=N"
    return f"The source folder is too large to copy: {what}", hint


def _facts(path: Path) -> dict[str, object]:
    state = path.stat()
    return {"sha256": hash_file(path), "size": state.st_size, "executable": bool(state.st_mode & 0o100)}


def stored_files(folder: Path) -> dict[str, Path]:
    """Return the files of a stored snapshot by their paths. A removed snapshot has none.

    Raises
    ------
    UserError
        If its manifest is damaged.
    """
    if not (folder / "manifest.json").exists():
        return {}
    try:
        manifest = read_manifest(folder)
        snapshot.check_manifest(manifest, folder.name)
        for name in manifest:
            if name.startswith("/") or ".." in name.split("/"):
                raise snapshot.DamagedError(name)
    except snapshot.DamagedError as damaged:
        raise damaged_error(folder, damaged) from None
    return {name: folder / "files" / name for name in manifest}


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest of a stored snapshot, unverified.

    Raises
    ------
    UserError
        If it is not stored.
    DamagedError
        If it cannot be read.
    """
    try:
        files: dict[str, dict[str, Any]] = read_json(folder / "manifest.json")["files"]
    except FileNotFoundError:
        raise UserError(f"Snapshot {folder.name[:12]} is no longer in this workspace") from None
    except (UserError, KeyError, TypeError):
        raise snapshot.DamagedError("manifest.json") from None
    return files


def damaged_error(folder: Path, damaged: snapshot.DamagedError) -> UserError:
    """Return the error for a snapshot that has changed since it was stored."""
    return UserError(
        f"Snapshot {folder.name[:12]} cannot be used: {damaged} has changed since it was stored",
        f"Remove {folder}. The next run of its source stores it again",
    )


def _ignore_rules(source: Path) -> Callable[[str], bool]:
    """Return the rules of ``.amlignore``, or else of ``.gitignore``, in the source's root, as on Azure."""
    for name in IGNORE_FILES:
        path = source / name
        if path.is_file():
            import pathspec

            # Some editors start a file with a byte order mark.
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            return pathspec.GitIgnoreSpec.from_lines(text.splitlines()).match_file
    return lambda _path: False
