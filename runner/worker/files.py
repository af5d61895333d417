"""Writes files of a run's folder atomically: a kill at any instant leaves the old state or the new."""

import errno
import json
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself would cost start-up time
    from typing import Any

_BLOCK = 1 << 20


def now() -> str:
    """Return the current time in UTC as ``2026-07-01T12:00:00.000000Z``."""
    moment = time.time()
    return "{}.{:06d}Z".format(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)), int(moment % 1 * 1e6))


def read_json(path: str) -> "Any":
    """Return the value in a JSON file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path: str, value: "Any", durable: bool = True) -> None:
    """Replace a JSON file as a whole; `durable`: it also survives a power cut.

    On one line, because json's C encoder cannot indent.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, ".{}.{}.tmp".format(name, os.getpid()))
    content = (json.dumps(value) + "\n").encode("utf-8")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        remove_file(temporary)
        raise
    if durable:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_file(path: str) -> None:
    """Remove a file that may not be there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def remove_tree(path: str) -> None:
    """Remove a folder as far as possible; an empty one needs no further import.

    Of a link, only the link is removed.
    """
    if os.path.islink(path):
        return remove_file(path)
    try:
        os.rmdir(path)
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)


def open_regular(path: str) -> "Any":
    """Open a regular file for reading, without following a link or waiting for a FIFO.

    Raises
    ------
    OSError
        If it is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return os.fdopen(descriptor, "rb")


def restore(descriptor: int, path: str) -> bool:
    """Restore a file that was deleted or replaced while `descriptor` was open on it; return whether it was."""
    mine, folder = os.fstat(descriptor), os.path.dirname(path)
    if os.path.islink(folder):
        os.unlink(folder)
    try:
        theirs = os.lstat(path)
        if (theirs.st_dev, theirs.st_ino) == (mine.st_dev, mine.st_ino):
            return False
    except OSError:
        os.makedirs(folder, exist_ok=True)
    temporary = "{}.{}.tmp".format(path, os.getpid())
    with open(temporary, "wb") as file:
        offset = 0
        while True:
            block = os.pread(descriptor, _BLOCK, offset)
            if not block:
                break
            file.write(block)
            offset += len(block)
    os.rename(temporary, path)
    return True


def hash_path(path: str) -> str:
    """Return the SHA-256 of a file, or of a folder: that of its lines ``<sha256>  <relative path>`` sorted by path."""
    import hashlib

    if not os.path.isdir(path):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
        return digest.hexdigest()
    names = []
    for parent, folders, file_names in os.walk(path):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(parent, name))]
        names += [os.path.join(parent, name) for name in file_names if _is_plain(os.path.join(parent, name))]
    relative = sorted(os.path.relpath(name, path) for name in names)
    lines = "".join("{}  {}\n".format(hash_path(os.path.join(path, name)), name) for name in relative)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _is_plain(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)
