"""Copies a snapshot to where a script runs, and checks each byte against the manifest.

A snapshot is named by its manifest, and the manifest has the hash of each file: changes since it was
stored are detected, on this machine and on nodes.
"""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Set

_BLOCK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO in its place has nobody wait
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


class DamagedError(Exception):
    """A snapshot has changed; the text names the first file that differs."""


def key_of(manifest: "Mapping[str, Mapping[str, Any]]") -> str:
    """Return the hash of names, execute bits and contents that names a snapshot."""
    import hashlib

    lines = "".join(
        "{} {:d} {}\n".format(entry["sha256"], bool(entry["executable"]), name)
        for name, entry in sorted(manifest.items())
    )
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def check_manifest(manifest: "Any", key: str) -> None:
    """Raise DamagedError unless a manifest matches the snapshot's name."""
    try:
        if key_of(manifest) == key:
            return
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise DamagedError("manifest.json")


def copy(folder: str, manifest: "Dict[str, Any]", key: str, target: str) -> None:
    """Create a writable copy of a snapshot's files; remove the first wrong one and stop."""
    check_manifest(manifest, key)
    made: "Set[str]" = set()
    for name, facts in manifest.items():
        if os.path.isabs(name) or ".." in name.split("/"):
            raise DamagedError(name)
        path = os.path.join(target, name)
        parent = os.path.dirname(path)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        if _copy(os.path.join(folder, name), path, 0o755 if facts["executable"] else 0o644) != facts["sha256"]:
            os.unlink(path)
            raise DamagedError(name)


def check(folder: str, manifest: "Dict[str, Any]", key: str) -> None:
    """Raise DamagedError unless a snapshot's files match the manifest."""
    check_manifest(manifest, key)
    for name, facts in manifest.items():
        if _read(os.path.join(folder, name), lambda block: None) != facts["sha256"]:
            raise DamagedError(name)


def _copy(source: str, path: str, mode: int) -> str:
    """Copy a file and return the SHA-256 of what was copied."""
    written = os.open(path, _WRITE, mode)
    try:
        digest = _read(source, lambda block: _write(written, block))
        os.fchmod(written, mode)
        return digest
    finally:
        os.close(written)


def _read(source: str, take: "Callable[[bytes], None]") -> str:
    """Pass on a file's content and return its SHA-256, empty if it is not a regular file."""
    import hashlib

    try:
        read = os.open(source, _READ)
    except OSError:
        if os.path.isfile(source) and not os.path.islink(source):  # it is there and cannot be read
            raise
        return ""
    try:
        if not stat.S_ISREG(os.fstat(read).st_mode):
            return ""
        digest, block = hashlib.sha256(), os.read(read, _BLOCK)
        while block:
            digest.update(block)
            take(block)
            block = os.read(read, _BLOCK)
        return digest.hexdigest()
    finally:
        os.close(read)


def _write(descriptor: int, block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[os.write(descriptor, left) :]
