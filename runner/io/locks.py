"""Locks on files. The kernel frees a lock when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from runner.console.format import clean
from runner.errors import UserError
from runner.worker import locks, timeouts


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
