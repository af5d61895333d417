"""Time limits that cost almost nothing for requests that are in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class TimeLimit:
    """A limit in seconds for awaitables.

    One periodic check of all awaitables costs less than a timer for each. An event loop may keep a timer, and
    everything it refers to, until it is due.

    Parameters
    ----------
    seconds : float
        The limit. It may be exceeded by a second, or by a quarter of itself if that is less.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._pause = min(1.0, seconds / 4)
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._checking = False

    async def awaited(self, awaitable: Awaitable[T]) -> T:
        """Return the result of an awaitable.

        Raises
        ------
        TimeoutError
            If it took longer. It is then cancelled.
        """
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101 - the HTTP server runs a request as a task
        self._deadlines[task] = loop.time() + self.seconds
        if not self._checking:
            self._checking = True
            loop.call_later(self._pause, self._check_deadlines, loop)
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._deadlines[task]
            self._late.discard(task)

    def _check_deadlines(self, loop: asyncio.AbstractEventLoop) -> None:
        for task, deadline in self._deadlines.items():
            if deadline < loop.time() and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._checking = bool(self._deadlines)
        if self._checking:
            loop.call_later(self._pause, self._check_deadlines, loop)
