"""Files of a run's folder, written so that a kill at any instant leaves the old state or the new."""

import fcntl
import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself would cost start-up time
    from typing import Any, Optional

_BLOCK = 1 << 20
_LOOKS = 20


def now() -> str:
    """Return the present in UTC as ``2026-07-01T12:00:00.000000Z``."""
    moment = time.time()
    return "{}.{:06d}Z".format(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)), int(moment % 1 * 1e6))


def read_json(path: str) -> "Any":
    """Return the value in a JSON file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path: str, value: "Any", durable: bool = True) -> None:
    """Replace a JSON file as a whole; durable means that it survives a power cut too."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, ".{}.{}.tmp".format(name, os.getpid()))
    content = (json.dumps(value, indent=1) + "\n").encode("utf-8")
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
    """Remove a folder as far as it lets itself be removed; an empty one needs no further import."""
    try:
        os.rmdir(path)
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)


def take_lock(path: str) -> "Optional[int]":
    """Return the descriptor that holds the lock on a file, or None if another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o664)
    for _ in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            time.sleep(0.01)  # it may be somebody who only looks whether it is held
    os.close(descriptor)
    return None


def is_locked(path: str) -> bool:
    """Tell whether a living process holds the lock on a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: those who look do not see each other
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def restore(descriptor: int, path: str) -> bool:
    """Put a file back that was deleted or replaced while `descriptor` was open on it; return whether it was."""
    mine = os.fstat(descriptor)
    try:
        there = os.stat(path)
        if (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino):
            return False
    except OSError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
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
    for parent, folders, found in os.walk(path):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(parent, name))]
        names += [os.path.join(parent, name) for name in found if _is_plain(os.path.join(parent, name))]
    relative = sorted(os.path.relpath(name, path) for name in names)
    lines = "".join("{}  {}\n".format(hash_path(os.path.join(path, name)), name) for name in relative)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _is_plain(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)
