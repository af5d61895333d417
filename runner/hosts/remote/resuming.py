"""Sends a folder of data to a host. What an earlier try has sent is checked by its hash and not sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.hosts.remote.client import PIECE
from runner.hosts.remote.host import RemoteHost

_LARGE = 1 << 20  # bytes; smaller files are sent together, which is quicker


def send_resumable(host: RemoteHost, target: Path, files: Callable[[], Mapping[str, Path | bytes]]) -> None:
    """Send a folder that is named by its content, unless it exists. Memory does not grow with its size.

    It is filled under a temporary name, which the next try finds, and then renamed. A lock on the host lets one
    sender fill it.
    """
    if not host.missing([target]):
        return
    staged, lock = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.lock")
    with host.lock(lock):
        if host.missing([target]):
            _fill(host, staged, files())
            host.rename(staged, target)
        host.remove(lock)


def _fill(host: RemoteHost, staged: Path, files: Mapping[str, Path | bytes]) -> None:
    present = host.contents(staged) if not host.missing([staged]) else {}
    for name in present.keys() - files.keys():
        host.remove(staged / name)
    together: dict[str, Path | bytes] = {}
    for name, content in files.items():
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        begun = _begun(content, size, present[name]) if name in present else None
        if begun == size:
            continue
        if isinstance(content, Path) and size >= _LARGE:
            host.append(content, staged / name, offset=begun or 0)
            continue
        if begun is not None:
            host.remove(staged / name)  # it may be read-only
        together[name] = content
    if together or not files:
        host.put_files(together, staged)


def _begun(content: Path | bytes, size: int, present: tuple[int, str]) -> int:
    """Return how much of a file is on the host, 0 if what is there is something else."""
    count, known = present
    if count > size:
        return 0
    digest = hashlib.sha256()
    if isinstance(content, bytes):
        digest.update(content[:count])
    else:
        with content.open("rb") as file:
            left = count
            while left and (piece := file.read(min(PIECE, left))):
                digest.update(piece)
                left -= len(piece)
    return count if digest.hexdigest() == known else 0
