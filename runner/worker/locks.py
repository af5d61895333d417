"""Locks on files, which the kernel frees when their holder dies.

A process that can open a lock can hold it and block its owner forever. So a lock belongs to its owner, or to the group
that shares the workspace; older locks are changed accordingly, and a link in its place is not followed. The holder is
read from ``/proc``.
"""

import errno
import fcntl
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

_LOOKS = 20
_OPEN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def open_lock(path: str) -> int:
    """Open a lock, creating it if necessary."""
    mode = 0o660 if _is_shared(os.path.dirname(path) or ".") else 0o600
    descriptor = os.open(path, _OPEN, mode)
    state = os.fstat(descriptor)
    if stat.S_IMODE(state.st_mode) != mode and state.st_uid == os.geteuid():
        os.fchmod(descriptor, mode)
    return descriptor


def _is_shared(folder: str) -> bool:
    """Return whether new files in a folder belong to its group, as in a shared workspace."""
    return os.stat(folder).st_mode & (stat.S_ISGID | stat.S_IWGRP) == stat.S_ISGID | stat.S_IWGRP


def take_lock(path: str) -> "Optional[int]":
    """Take the lock on a file; return its descriptor, or None if another process holds it."""
    descriptor = open_lock(path)
    for _ in range(_LOOKS):
        if flocked(descriptor, fcntl.LOCK_EX):
            return descriptor
        time.sleep(0.01)  # another process may only be checking whether it is held
    os.close(descriptor)
    return None


def is_locked(path: str) -> bool:
    """Return whether a living process holds the lock on a file, from ``/proc`` if it cannot be opened."""
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        )  # so that a FIFO in its place does not block
    except OSError as error:
        return error.errno == errno.EACCES and holder(path) is not None
    try:
        return not flocked(descriptor, fcntl.LOCK_SH)  # shared, so that checks do not see each other
    finally:
        os.close(descriptor)


def flocked(descriptor: int, kind: int) -> bool:
    """Return whether a lock could be taken without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True


def holder(path: str) -> "Optional[int]":
    """Return the pid of a lock's holder: 0 if hidden, None if unknown."""
    try:
        state = os.stat(path)
        with open("/proc/locks") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    place = "{:02x}:{:02x}:{}".format(os.major(state.st_dev), os.minor(state.st_dev), state.st_ino)
    for line in lines:
        words = line.split()  # 1: FLOCK ADVISORY WRITE 4242 08:01:1234 0 EOF; those who wait have "->" after the number
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place:
            return max(0, int(words[4]))
    return None


def command_of(pid: int) -> str:
    """Return the command line of a process, or an empty text."""
    try:
        with open("/proc/{}/cmdline".format(pid), "rb") as file:
            words = file.read(300).split(b"\0")
    except OSError:
        return ""
    return " ".join(word.decode("utf-8", "replace") for word in words).strip()
