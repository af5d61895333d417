"""What is read while the script runs: metrics in its log, metrics in its MLflow store.

A mistake in reading must not end a training of hours: it goes to the worker's log, and into the notes if it stays.
"""

import os
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


_BLOCK = 1 << 20
_BLOCKS_A_POLL = 16  # bounded, so that a flood of output does not keep the loop from its other duties
_MLFLOW_PAUSE = 1.0


class Observer:
    """Something read in steps while the script runs, and to its end afterwards."""

    what = ""
    _warned = False

    def poll(self) -> None:
        """Read on a little."""
        try:
            self._step()
        except Exception:  # worker.log keeps the first; the script goes on, and `finish` notes what could not be read
            if not self._warned:
                traceback.print_exc()
            self._warned = True

    def finish(self) -> "List[str]":
        """Read all that is left; return notes on what could not be read."""
        try:
            self._rest()
        except Exception as error:
            traceback.print_exc()
            return ["{} could not all be read: {}: {}".format(self.what, type(error).__name__, error)]
        return []

    def _step(self) -> None:
        """Read what is there, in bounded time."""

    def _rest(self) -> None:
        """Read everything up to the end."""


class LogObserver(Observer):
    """Metrics that patterns find in the log."""

    what = "the metrics in the log"

    def __init__(self, run_dir: str, patterns: "Dict[str, str]", log: int) -> None:
        import metrics

        self._append = metrics.append
        self._run_dir, self._log, self._offset = run_dir, log, 0
        self._patterns = metrics.LogPatterns(patterns)

    def _step(self) -> None:
        for _ in range(_BLOCKS_A_POLL):
            if not self._read():
                return

    def _rest(self) -> None:
        while self._read():
            continue
        self._record(self._patterns.finish())

    def _read(self) -> bool:
        block = os.pread(self._log, _BLOCK, self._offset)
        self._offset += len(block)
        if block:
            self._record(self._patterns.feed(block))
        return bool(block)

    def _record(self, found: "Any") -> None:
        for name, value in found:
            self._append(self._run_dir, name, value)


class MlflowObserver(Observer):
    """What MLflow records, once it has begun to."""

    what = "what MLflow recorded"

    def __init__(self, run_dir: str) -> None:
        self._run_dir = run_dir
        self._reader: "Any" = None
        self._next = 0.0

    def _step(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _MLFLOW_PAUSE
            reader = self._open()
            if reader is not None:
                reader.poll()

    def _rest(self) -> None:
        reader = self._open()
        if reader is not None:
            reader.finish()

    def _open(self) -> "Any":
        if self._reader is None and os.path.isdir(os.path.join(self._run_dir, "mlflow")):
            import mlflow_store

            self._reader = mlflow_store.Reader(self._run_dir)
        return self._reader


def make(run_dir: str, order: "Dict[str, Any]", log: int) -> "List[Observer]":
    """Return what has to be read for an order; `log` is a descriptor of the script's log."""
    found: "List[Observer]" = [MlflowObserver(run_dir)]
    if order.get("metrics"):
        found.append(LogObserver(run_dir, order["metrics"], log))
    return found
