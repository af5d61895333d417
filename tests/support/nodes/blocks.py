"""Numbers for clusters. A cluster's number determines its addresses, names and user id while it exists."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support.components import missing
from tests.support.waiting import wait_for

_LOCKS = Path("/run/vivero-test-clusters")
_MOST = 256


@dataclass(frozen=True)
class Block:
    """A number that no other cluster on this machine has. It is held until it is closed or its process ends."""

    number: int
    lock: IO[str] = field(repr=False)

    @property
    def name(self) -> str:
        """Return the prefix of the cluster's links and network namespaces."""
        return f"vivero{self.number}"

    @property
    def addresses(self) -> str:
        """Return the first three numbers of the cluster's addresses."""
        return f"10.77.{self.number}"

    @property
    def uid(self) -> int:
        """Return the id of the cluster's user. No account of this machine has it."""
        return 2_000_000 + self.number

    def close(self) -> None:
        """Release the number."""
        self.lock.close()


def take_block() -> Block:
    """Take the first number that no other process holds and nothing else on this machine uses."""
    _LOCKS.mkdir(mode=0o700, exist_ok=True)
    for number in range(_MOST):
        block = _taken(number)
        if block is not None and not _is_routed(block):
            return block
        if block is not None:
            block.close()
    missing("no block of addresses below 10.77 is free")


def is_held(number: int) -> bool:
    """Return whether a process holds a number."""
    if not (_LOCKS / str(number)).exists():
        return False
    block = _taken(number)
    if block is not None:
        block.close()
    return block is None


def left_blocks() -> Iterator[Block]:
    """Yield the numbers that are no longer held. Parts of their clusters may be left."""
    for path in sorted(_LOCKS.iterdir()):
        block = _taken(int(path.name))
        if block is not None:
            yield block
            block.close()


def _taken(number: int) -> Block | None:
    """Return a block, or None if another process holds it."""
    lock = (_LOCKS / str(number)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return Block(number, lock)


def _is_routed(block: Block) -> bool:
    """Return whether something other than a test cluster uses these addresses."""
    words = ["ip", "-o", "-4", "route", "show", "root", f"{block.addresses}.0/24"]
    routes = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return any(f"dev {block.name} " not in f"{route} " for route in routes)


def processes_of(uid: int) -> list[int]:
    """Return the processes of a user that have not ended."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_of(entry, uid)]


def _is_of(entry: Path, uid: int) -> bool:
    try:
        ended = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not ended and entry.stat().st_uid == uid
    except OSError:
        return False


def end_processes_of(uid: int) -> None:
    """Kill a user's processes."""
    for pid in processes_of(uid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes_of(uid))
