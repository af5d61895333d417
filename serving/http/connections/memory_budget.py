"""Limits the connections of a server process, and the total size of the request bodies that it holds.

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
_SPIKE = 32 << 20  # bytes of bodies above which memory is returned to the system once most are answered
_DISCARDED, _DISCARDED_AT_ONCE = 4 << 20, 32 << 20  # bytes of refused bodies: per second, and at once without a pause
_TRIM_AFTER = 1.0  # seconds in which the last request releases its body


class MemoryBudget:
    """The memory that the requests of one process may use.

    Parameters
    ----------
    body_bytes : int
        The limit for all bodies that are being received or answered.
    connections : int
        The limit of open connections.
    """

    def __init__(self, body_bytes: int, connections: int) -> None:
        self.body_bytes, self.connections = body_bytes, connections
        self.full = False  # whether further connections are refused
        self._held = self._peak = 0
        self._discarded = 0.0  # the time at which the discarded bytes would have arrived at the allowed rate
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
        """Record bytes read from a refused body. Return the seconds to pause before reading more.

        The bytes are read so that the client gets its answer and not a reset. Senders need no key, so the rate is
        limited for the whole process by the generic cell rate algorithm (ITU-T I.371, annex A).
        """
        now = time.monotonic()
        self._discarded = max(now, self._discarded) + count / _DISCARDED
        return max(0.0, self._discarded - now - _DISCARDED_AT_ONCE / _DISCARDED)

    def refuse(self) -> None:
        """Log that connections are refused, at most once a second."""
        if self._sample.takes({}):
            with contextlib.suppress(OSError):  # a full disk
                print(f"{self.connections} connections are open, which is the limit. More are refused", flush=True)

    def count(self, connections: int) -> None:
        """Record the number of open connections."""
        self.full = connections >= self.connections


def descriptors_left() -> int:
    """Return how many more connections this process may open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, limit - len(os.listdir("/dev/fd")) - _RESERVED_FILES)  # noqa: PTH208 - only their number


def _trim() -> None:
    """Return freed memory to the system. By itself, glibc keeps what lies below memory that is still in use."""
    with contextlib.suppress(AttributeError):  # another libc
        asyncio.get_running_loop().run_in_executor(None, ctypes.CDLL(None).malloc_trim, 0)
