"""Answers requests that wait for the same model with one call. An idle model is called at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from serving.dataplane.outputs import rows_of
from serving.errors import ServingError

_MOST = 256  # rows of one call
_mine = threading.local()


def wait_no_longer_than(deadline: float) -> None:
    """Set the moment of ``time.monotonic`` at which this thread's next request leaves its queue."""
    _mine.deadline = deadline


class _Waiting:
    """One request in the queue. Its lock opens when its answer is ready, or when it has to call for the others."""

    __slots__ = ("answer", "error", "lead", "lock", "rows")

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.lead = rows, False
        self.answer: Any = None
        self.error: Exception | None = None
        self.lock = threading.Lock()
        self.lock.acquire()


class Batcher:
    """Calls a function for one request at a time, and for all that came meanwhile at once.

    The first request calls at once. Requests that arrive meanwhile queue up. The first of them then calls for the
    whole queue, and hands over to the next.

    Parameters
    ----------
    function : callable
        From a matrix to the model's tidy answer. A row's bits do not depend on the other rows.
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
        """Return the answer for some rows."""
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
                self._hand_on()
        left = getattr(_mine, "deadline", float("inf")) - time.monotonic()
        if not mine.lock.acquire(timeout=max(0.0, min(self._patience, left))) and self._leaves(mine):
            raise ServingError(
                504, "too_late", f"No answer within {self._patience:g} s: the model has too many requests"
            )
        if mine.lead:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        return mine.answer

    def _leaves(self, mine: _Waiting) -> bool:
        """Take a request out of the queue; if its turn has already come, wait for the answer."""
        with self._guard:
            if mine in self._queue and not mine.lead:
                self._queue.remove(mine)
                return True
        mine.lock.acquire()
        return False

    def _hand_on(self) -> None:
        with self._guard:
            if not self._queue:
                self._busy = False
                return
            following = self._queue[0]
            following.lead = True
        following.lock.release()

    def _lead(self, mine: _Waiting) -> None:
        with self._guard:
            batch: list[_Waiting] = []
            total = 0
            while self._queue and (not batch or total + len(self._queue[0].rows) <= _MOST):
                batch.append(self._queue.pop(0))
                total += len(batch[-1].rows)
        self._observe(total)
        self._answer(batch)
        for one in batch:
            if one is not mine:
                one.lock.release()
        self._hand_on()

    def _answer(self, batch: list[_Waiting]) -> None:
        try:
            answer = self._function(np.concatenate([one.rows for one in batch]) if len(batch) > 1 else batch[0].rows)
        except Exception as error:  # noqa: BLE001 - told to the request whose rows are to blame
            if len(batch) == 1:
                batch[0].error = error
                return
            for one in batch:
                self._answer([one])
            return
        start = 0
        for one in batch:
            one.answer = rows_of(answer, start, start + len(one.rows))
            start += len(one.rows)
