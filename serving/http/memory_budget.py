"""Limits what one server process holds at a time: connections, and the bytes of all bodies.

A refused request might be answered a moment later, so clients are told to try again.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import time

from serving.errors import ServingError
from serving.observe.telemetry import Sample

_RESERVED_FILES = 64  # descriptors for models, records and logs
_SPIKE = 32 << 20  # bytes of bodies whose memory is given back once most of them are answered
_DISCARDED, _DISCARDED_AT_ONCE = 4 << 20, 32 << 20  # bytes of refused bodies: a second, and before that counts
_TRIM_AFTER = 1.0  # seconds in which the last request releases its body


class MemoryBudget:
    """The memory that the requests of one process may use.

    Parameters
    ----------
    body_bytes : int
        Of all bodies that are being received or answered.
    connections : int
        Open at the same time.
    """

    def __init__(self, body_bytes: int, connections: int) -> None:
        self.body_bytes, self.connections = body_bytes, connections
        self.full = False  # no more connections are taken
        self._held = self._peak = 0
        self._discarded = 0.0  # when what has been discarded would be, at the rate that is allowed
        self._sample = Sample(1)

    def take(self, count: int) -> None:
        """Reserve bytes for a body.

        Raises
        ------
        ServingError
            503 if they exceed the limit.
        """
        if self._held + count > self.body_bytes:
            message = f"Requests in progress already hold {self.body_bytes} bytes, which is the limit. Try again later"
            raise ServingError(503, "no_room", message, retry_after=1)
        self._held += count
        self._peak = max(self._peak, self._held)

    def release(self, count: int) -> None:
        """Release bytes of a body."""
        self._held -= count
        if self._peak > _SPIKE and self._held < self._peak // 4:
            self._peak = self._held
            asyncio.get_running_loop().call_later(_TRIM_AFTER, _trim)

    def discard(self, count: int) -> float:
        """Note that so many bytes of a refused body were read, and return for how many seconds no more should be.

        They are read so that their client gets its answer and not a reset. But senders need no key, so the rate is
        limited for the whole process, by the generic cell rate algorithm (ITU-T I.371, annex A).
        """
        now = time.monotonic()
        self._discarded = max(now, self._discarded) + count / _DISCARDED
        return max(0.0, self._discarded - now - _DISCARDED_AT_ONCE / _DISCARDED)

    def refuse(self) -> None:
        """Say at most once a second that connections are refused."""
        if self._sample.takes({}):
            with contextlib.suppress(OSError):  # a full disk
                print(f"{self.connections} connections are open, which is the limit. More are refused", flush=True)

    def count(self, connections: int) -> None:
        """Note how many connections are open."""
        self.full = connections >= self.connections


def descriptors_left() -> int:
    """Return how many connections this process may open beside what it has open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, limit - len(os.listdir("/dev/fd")) - _RESERVED_FILES)  # noqa: PTH208 - only their number


def _trim() -> None:
    """Give memory that was freed back to the system: glibc keeps what lies below something that is still in use."""
    with contextlib.suppress(AttributeError):  # another libc
        asyncio.get_running_loop().run_in_executor(None, ctypes.CDLL(None).malloc_trim, 0)
