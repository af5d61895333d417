"""Atomic writes, locks and hashes: a kill at any instant leaves the old state or the new one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from runner.console.format import clean, finite
from runner.errors import UserError
from runner.worker import locks, timeouts

_BLOCK = 1 << 20
_BEGINNING = ".beginning"  # suffix of a lock that is being taken
_ABANDONED = 3600.0  # seconds
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


def sync_folder(path: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Fsync every regular file and folder below a path, the path included."""
    for folder, _, names in os.walk(path):
        for name in names:
            file = Path(folder, name)
            if stat.S_ISREG(file.lstat().st_mode):
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        sync_folder(Path(folder))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_files(folder: Path) -> list[str]:
    """Return the regular files below a folder as sorted POSIX paths; symbolic links are neither followed nor listed."""
    found: list[str] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not Path(parent, name).is_symlink()]
        for name in names:
            path = Path(parent, name)
            if stat.S_ISREG(path.lstat().st_mode):
                found.append(path.relative_to(folder).as_posix())
    return sorted(found)


class BadLinkError(Exception):
    """A link that is broken or leads back to a folder above it. The text names it and says why."""


def followed_files(folder: Path, is_excluded: Callable[[str, bool], bool] | None = None) -> list[str]:
    """Return the files below a folder as sorted POSIX paths, links as what they point to.

    Parameters
    ----------
    is_excluded : callable
        Takes a relative path and whether it is a folder; returns whether to exclude it and everything below it.

    Raises
    ------
    BadLinkError
        If a link is broken, does not lead to a regular file, or leads back to a folder above it.
    """
    found: list[str] = []

    def walk(below: str, above: tuple[str, ...]) -> None:
        for entry in os.scandir(folder / below):
            path = f"{below}/{entry.name}" if below else entry.name
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link in a circle of links
                is_folder = is_file = False
            if is_excluded is not None and is_excluded(path, is_folder):
                continue
            if is_folder:
                real = os.path.realpath(entry.path)
                if real in above:
                    raise BadLinkError(f"the link {path} leads back to a folder above it")
                walk(path, (*above, real))
            elif is_file:
                found.append(path)
            else:
                raise BadLinkError(f"{path} is not a regular file, or is a broken link")

    walk("", (os.path.realpath(folder),))
    return sorted(found)


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
    for name, one in hashes:
        digest.update(f"{one}  {name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def remove_tree(path: Path) -> None:
    """Remove a path of any kind, and a folder regardless of its permissions. It may be missing."""
    retried: set[Path] = set()

    def make_removable(function: Any, name: str, info: Any) -> None:
        """Remove an entry after granting access to it and its folder. It may be a folder that cannot be listed."""
        entry = Path(name)
        if isinstance(info[1], FileNotFoundError):
            return
        if entry in retried:
            raise info[1]
        retried.add(entry)
        if entry != path or function is os.rmdir:
            entry.parent.chmod(0o700)
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink(missing_ok=True)
        else:
            entry.chmod(0o700)
            shutil.rmtree(entry, onerror=make_removable)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=make_removable)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, blocking: bool = True) -> Iterator[bool]:
    """Hold an exclusive lock on a file while the block runs; the kernel frees it when the process dies.

    Yields
    ------
    bool
        Whether the lock is held; always true when blocking.

    Raises
    ------
    UserError
        If a link or another user's file is in its place.
    """
    descriptor = _opened_lock(path)
    try:
        if blocking and not locks.flocked(descriptor, fcntl.LOCK_EX):
            _wait(descriptor, path)
        yield blocking or _acquire(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked_while(path: Path) -> Iterator[bool]:
    """Hold a lock as `locked` does without waiting, in a file that exists only while it is held.

    A holder removes the file before it releases the lock. A process that opened it earlier then gets the lock of a file
    that is gone, and tries again with the one that is there now.
    """
    while True:
        descriptor = _opened_lock(path)
        held = _acquire(descriptor)
        if not held or _is_at(path, descriptor):
            break
        os.close(descriptor)
    try:
        yield held
    finally:
        if held:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _opened_lock(path: Path) -> int:
    try:
        return locks.open_lock(os.fspath(path))
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EACCES):
            raise
        why = "is a link" if error.errno == errno.ELOOP else "belongs to another user"
        raise UserError(f"{path} {why}, so it cannot be used as a lock", f"Remove it: rm {path}") from None


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether a path still names the file that was opened."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _wait(descriptor: int, path: Path) -> None:
    """Wait for a lock. Report which process holds it if that takes long."""
    import threading

    report = threading.Timer(timeouts.seconds("lock_said"), _report_holder, [path])
    report.daemon = True
    report.start()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    finally:
        report.cancel()


def _report_holder(path: Path) -> None:
    pid = locks.holder(os.fspath(path))
    who = f"process {pid} ({clean(locks.command_of(pid))})" if pid else "another process"
    print(f"Waiting for {clean(str(path))}, which is locked by {who}", file=sys.stderr, flush=True)


def _acquire(descriptor: int) -> bool:
    """Take a lock unless it is held. Processes that only check it share it briefly and do not count."""
    while not locks.flocked(descriptor, fcntl.LOCK_EX):
        if not locks.flocked(descriptor, fcntl.LOCK_SH):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def is_locked(path: Path) -> bool:
    """Return whether a living process holds the lock on a file."""
    return locks.is_locked(os.fspath(path))


@contextlib.contextmanager
def staging_at(path: Path) -> Iterator[None]:
    """Reserve a temporary path for the block and remove it afterwards. If the process is killed, `sweep` removes it.

    The lock gets its name only once it is held. Otherwise `sweep` could see it free and remove it with the work.
    """
    lock, beginning = path.with_suffix(".lock"), path.with_suffix(_BEGINNING)
    with locked(beginning):
        try:
            beginning.rename(lock)
            yield
        finally:
            remove_tree(path)
            lock.unlink(missing_ok=True)
            beginning.unlink(missing_ok=True)


def sweep(folder: Path, prefix: str) -> None:
    """Remove the staging paths of processes that died: ``<prefix>*`` with a ``.lock`` that no process holds.

    Paths without a lock are left alone. A lock that does not have its name yet belongs to a process that is about to
    begin, unless it is old.
    """
    if folder.is_symlink():  # do not remove what the link points to
        return
    for lock in folder.glob(f"{prefix}*.lock"):
        if not is_locked(lock):
            remove_tree(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
    for lock in folder.glob(f"{prefix}*{_BEGINNING}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - lock.lstat().st_mtime > _ABANDONED:
                lock.unlink()
