"""Atomic writes: a kill at any instant leaves the old state or the new one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from runner.console.format import finite
from runner.io.folders import remove_tree

_MODES = {"file": 0o644, "folder": 0o755}  # whatever the umask, because files that others can write are not trusted
_OURS, _NUMBERS = os.urandom(3).hex(), itertools.count()  # for temporary names, without a system call for each


def write_for_group() -> None:
    """From now on, create files and folders that the workspace's group can write."""
    _MODES.update(file=0o660, folder=0o770)


def make_folder(path: Path) -> None:
    """Create a folder and its parents with the workspace's permissions."""
    path.mkdir(mode=_MODES["folder"], parents=True, exist_ok=True)


def make_file(path: Path) -> None:
    """Create a file for a library to fill, with the workspace's permissions, unless it exists."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODES["file"]))


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file as a whole: temporary name, fsync, rename.

    Parameters
    ----------
    durable : bool
        Whether it must survive a power cut. Files that only a living process reads need not.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-{_OURS}-{next(_NUMBERS)}.tmp")
    try:
        # A sweep does this a dozen times per trial, and the system calls of `open` would be half of the time.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODES["file"])
        try:
            _write_all(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)  # noqa: PTH104
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_text(path: Path, content: str) -> None:
    """Replace a UTF-8 text file as a whole."""
    write_bytes(path, encoded(content))


def encoded(text: str) -> bytes:
    """Return a text as UTF-8, with an escape for each lone surrogate. File names that are not UTF-8 contain these.

    The escape is JSON's, so the name is the same when such JSON is read.
    """
    return text.encode(errors="backslashreplace")


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace a JSON file as a whole; see `encode_json`."""
    write_bytes(path, encoded(encode_json(value) + "\n"), durable=durable)


def encode_json(value: Any) -> str:
    """Return plain data as readable JSON. Numbers that JSON lacks become texts, see `format.finite`."""
    # A single line is encoded by json's C encoder, which cannot indent and is ten times as fast.
    return _dumps(value, indent=1 if value and isinstance(value, dict | list | tuple) else None)


def _dumps(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:  # rare, and searching for such numbers first would cost more than everything else
        return json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def append_json_line(path: Path, value: Any) -> None:
    """Append one JSON line in a single write, safe beside other appending processes."""
    line = encoded(f"{_dumps(value)}\n")
    # A FIFO or link in its place is an error: it is not waited for or followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW, _MODES["file"])
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending. Anything in its place that is not a regular file is removed."""
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        remove_tree(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, _MODES["file"]), "ab")
