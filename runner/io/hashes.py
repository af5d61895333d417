"""Hashes of files and folders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from runner.io.folders import list_files


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(root: Path, names: Iterable[str]) -> str:
    """Return a short key for some files of a folder, from their names and contents."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode(errors="surrogateescape") + (root / name).read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def hash_tree(path: Path, names: Iterable[str] | None = None) -> str:
    r"""Return one SHA-256 for a file, or for a folder from the names and contents of its files, or of some of them.

    For a file, it is the hash of its bytes. For a folder, it is the hash of the lines ``<sha256>  <relative path>\n``
    in the order of the paths, which ``sha256sum`` can reproduce.
    """
    if path.is_file():
        return hash_file(path)
    names = list_files(path) if names is None else names
    return hash_hashes((name, hash_file(path / name)) for name in names)


def hash_hashes(hashes: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 of a folder from the sorted paths of its files and their hashes; see `hash_tree`."""
    digest = hashlib.sha256()
    for name, file_hash in hashes:
        digest.update(f"{file_hash}  {name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
