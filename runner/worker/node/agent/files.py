"""Requests about files and folders on the node."""

import fcntl
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile

from .task import PIECE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .task import Task


def look(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return whether a path exists, with its size, kind and a stamp of its last change."""
    try:
        state = os.stat(_path(facts))
    except (FileNotFoundError, NotADirectoryError):
        return {"there": False}
    stamp = "{} {}".format(state.st_mtime, state.st_size)
    return {"there": True, "size": state.st_size, "folder": stat.S_ISDIR(state.st_mode), "stamp": stamp}


def missing(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the paths that do not exist."""
    return {"missing": [path for path in facts["paths"] if not os.path.exists(os.path.expanduser(path))]}


def read(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Send a file's content from an offset."""
    with open(_path(facts), "rb") as file:
        file.seek(facts.get("offset", 0))
        while True:
            content = file.read(PIECE)
            if not content or task.stopped():
                return {}
            task.say(content)


def write(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Replace a file by the data sent: temporary name, fsync, rename."""
    path = _path(facts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = "{}.{}-{}.part".format(path, os.getpid(), task.number)
    try:
        with task.fed() as fed, open(aside, "wb") as file:
            shutil.copyfileobj(fed, file, PIECE)
            file.flush()
            os.fsync(file.fileno())
        task.check_whole()
        os.chmod(aside, facts.get("mode", 0o644))
        os.rename(aside, path)
    finally:
        if os.path.exists(aside):
            os.unlink(aside)
    return {}


def append(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Write the data sent to a file from an offset. What has arrived when the connection ends is kept."""
    path = _path(facts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with task.fed() as fed, open(path, "ab") as file:
        file.truncate(facts["offset"])
        shutil.copyfileobj(fed, file, PIECE)
    task.check_whole()
    os.chmod(path, facts["mode"])
    return {}


def unpack(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Unpack the archive that is sent into a folder."""
    path = _path(facts)
    os.makedirs(path, exist_ok=True)
    with task.fed() as fed, tarfile.open(fileobj=fed, mode="r|") as archive:
        for member in archive:
            archive.extract(member, path)
    task.check_whole()
    return {}


def pack(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Send a file or a folder as an archive."""
    with tarfile.open(fileobj=_PieceWriter(task), mode="w|", bufsize=PIECE) as archive:
        archive.add(_path(facts), ".")
    return {}


class _PieceWriter(io.RawIOBase):
    """A writable file that sends its content as pieces."""

    def __init__(self, task: "Task") -> None:
        super().__init__()
        self._task = task

    def write(self, content: "Any") -> int:
        self._task.send(bytes(content))
        return len(content)


def contents(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Send name, size and SHA-256 of each file in a folder, a message for each."""
    root = _path(facts)
    for parent, _, names in os.walk(root):
        for name in names:
            path, digest, size = os.path.join(parent, name), hashlib.sha256(), 0
            with open(path, "rb") as file:
                for piece in iter(lambda: file.read(PIECE), b""):
                    digest.update(piece)
                    size += len(piece)
            task.send(json.dumps([os.path.relpath(path, root), size, digest.hexdigest()]).encode())
    return {}


def rename(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Rename a file or a folder."""
    os.rename(_path(facts), os.path.expanduser(facts["target"]))
    return {}


def remove(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Remove a file, or a folder and its contents, regardless of permissions. It may be missing."""
    path = _path(facts)
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path, onerror=_make_removable)
    return {}


def _make_removable(function: "Any", name: str, _: "Any") -> None:
    os.chmod(os.path.dirname(name), 0o700)
    os.chmod(name, 0o700)
    function(name)


def lock(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Hold a lock until a request to stop. The kernel releases it if this process dies."""
    path = _path(facts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)  # as in locks.py
    try:
        os.fchmod(file, 0o600)
        while not task.wait_for_stop(0.02):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            task.say(held=True)
            task.wait_for_stop()
    finally:
        os.close(file)
    return {}


def _path(facts: "Dict[str, Any]") -> str:
    path: str = facts["path"]
    return os.path.expanduser(path)
