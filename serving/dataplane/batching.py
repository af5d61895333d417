"""Batches the requests that wait for a model into one call. An idle model is called at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from serving.dataplane.outputs import rows_of
from serving.errors import ServingError

_MOST = 256  # rows per call
_mine = threading.local()


def wait_no_longer_than(deadline: float) -> None:
    """Set the ``time.monotonic`` deadline at which this thread's next request leaves the queue."""
    _mine.deadline = deadline


class _Waiting:
    """A request in the queue. Its lock is released when its answer is ready, or when it must call for the queue."""

    __slots__ = ("answer", "error", "lead", "lock", "rows")

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.lead = rows, False
        self.answer: Any = None
        self.error: Exception | None = None
        self.lock = threading.Lock()
        self.lock.acquire()


class Batcher:
    """Calls a function for one request at a time, and then for all requests that arrived meanwhile.

    The first request calls at once. Requests that arrive meanwhile queue up. The first of them then calls for the
    whole queue, and hands over to the next.

    Parameters
    ----------
    function : callable
        Maps a matrix to the model's tidy output. The result for a row must not depend on other rows, to the bit.
    observe : callable
        Receives the number of rows of each call.
    patience : float
        Seconds that a request waits for its turn before it is refused with 504.
    """

    def __init__(
        self, function: Callable[[np.ndarray], Any], observe: Callable[[int], None], patience: float = 30
    ) -> None:
        self._function, self._observe, self._patience = function, observe, patience
        self._guard = threading.Lock()
        self._queue: list[_Waiting] = []
        self._busy = False

    def __call__(self, rows: np.ndarray) -> Any:
        """Return the function's result for the rows."""
        with self._guard:
            if not self._busy:
                self._busy, mine = True, None
            else:
                mine = _Waiting(rows)
                self._queue.append(mine)
        if mine is None:
            try:
                self._observe(len(rows))
                return self._function(rows)
            finally:
                self._pass_on_lead()
        left = getattr(_mine, "deadline", float("inf")) - time.monotonic()
        if not mine.lock.acquire(timeout=max(0.0, min(self._patience, left))) and self._leaves(mine):
            raise ServingError(
                504, "too_late", f"No answer within {self._patience:g} s: the model has too many requests"
            )
        if mine.lead:
            self._run_batch(mine)
        if mine.error is not None:
            raise mine.error
        return mine.answer

    def _leaves(self, mine: _Waiting) -> bool:
        """Remove a request from the queue. If its turn has come already, wait for the answer instead."""
        with self._guard:
            if mine in self._queue and not mine.lead:
                self._queue.remove(mine)
                return True
        mine.lock.acquire()
        return False

    def _pass_on_lead(self) -> None:
        with self._guard:
            if not self._queue:
                self._busy = False
                return
            following = self._queue[0]
            following.lead = True
        following.lock.release()

    def _run_batch(self, mine: _Waiting) -> None:
        with self._guard:
            batch: list[_Waiting] = []
            total = 0
            while self._queue and (not batch or total + len(self._queue[0].rows) <= _MOST):
                batch.append(self._queue.pop(0))
                total += len(batch[-1].rows)
        self._observe(total)
        self._answer(batch)
        for waiting in batch:
            if waiting is not mine:
                waiting.lock.release()
        self._pass_on_lead()

    def _answer(self, batch: list[_Waiting]) -> None:
        try:
            answer = self._function(
                np.concatenate([waiting.rows for waiting in batch]) if len(batch) > 1 else batch[0].rows
            )
        except Exception as error:  # noqa: BLE001 - reported to the request whose rows caused it
            if len(batch) == 1:
                batch[0].error = error
                return
            for waiting in batch:
                self._answer([waiting])
            return
        start = 0
        for waiting in batch:
            waiting.answer = rows_of(answer, start, start + len(waiting.rows))
            start += len(waiting.rows)
