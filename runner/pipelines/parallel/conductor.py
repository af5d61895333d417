"""Runs the pieces of a step on all slots, and stops when more items have failed than the threshold allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from runner.execution.context import RunContext
from runner.pipelines.controller.conductor import StepsConductor
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.records import StepRecord
from runner.records import RunRecord
from runner.statuses import COMPLETED, FAILED
from runner.worker.batch import RESULTS

_AHEAD = 2  # pieces that are hashed while all slots are in use


class PiecesConductor(StepsConductor):
    """Runs the pieces of one step.

    Parameters
    ----------
    context : RunContext
        The context of the step's run. Its steps are the pieces.
    items : mapping
        The number of files or rows of each piece, by the piece's name.
    threshold : int
        The number of files or rows that may fail; -1 for any number.

    Attributes
    ----------
    failed_items : int
        The number of files or rows that have failed.
    """

    def __init__(
        self, context: RunContext, record: RunRecord, resources: StepResources, items: Mapping[str, int],
        threshold: int,
    ) -> None:  # fmt: skip
        super().__init__(context, record, resources)
        self._items, self._threshold = items, threshold
        self._left = deque(step.name for step in context.steps)
        self.failed_items, self._first_reason = 0, ""

    def _ready(self) -> list[str]:
        if self._ending is not None or self._problem() is not None:
            return []
        room = max(1, self._context.compute.slots) + _AHEAD - len(self._running)
        return [self._left.popleft() for _ in range(min(room, len(self._left)))]

    def _take_earlier(self) -> None:
        """Do nothing: each attempt is a separate run, and completed pieces are found by their keys."""

    def _log_metrics(self) -> None:
        """Do nothing: the metrics of a piece stay with its own run."""

    def _skip_others(self) -> None:
        """Do nothing: pieces that have not begun have no state."""

    def _settle(self, step: StepRecord) -> None:
        """Count the failed items of a piece."""
        items = self._items[step.name]
        if step.status == FAILED:
            self.failed_items += items
            self._first_reason = self._first_reason or f"piece {step.name}: {step.reason}"
        elif step.status == COMPLETED and step.run is not None:
            results = self._context.runs.read(step.run).properties.get(RESULTS, "")
            if results.isdecimal():
                self.failed_items += max(0, items - int(results))

    def _problem(self) -> str | None:
        if self._threshold < 0 or self.failed_items <= self._threshold:
            return None
        total = sum(self._items.values())
        why = f" ({self._first_reason})" if self._first_reason else ""
        return f"{self.failed_items} of {total} items failed, parallel.error_threshold={self._threshold}{why}"
