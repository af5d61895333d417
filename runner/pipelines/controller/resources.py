"""Resources shared by the steps of one command: the computes' slots, and the functions that create runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.execution.context import RunContext
from runner.execution.plan import Plan
from runner.ports.compute import Compute
from runner.records import RunRecord

_LOOK = 0.5  # seconds between checks, because a compute can get more slots


@dataclass
class StepResources:
    """Creates the runs of steps and shares the computes' slots among them.

    Parameters
    ----------
    new_run : callable
        Returns the record and context of a new run, given its plan and properties. The runs share caches.
    context_of : callable
        Returns the context of a run that has ended, given a plan with the same settings.
    """

    new_run: Callable[[Plan, Mapping[str, Any]], tuple[RunRecord, RunContext]]
    context_of: Callable[[Plan, RunRecord], RunContext]
    _slots: dict[int, _Slots] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def slot(self, compute: Compute, wanted: Callable[[], bool]) -> Iterator[bool]:
        """Hold a slot of a compute while the block runs. Yields False if the slot is no longer wanted."""
        with self._guard:
            slots = self._slots.setdefault(id(compute), _Slots(compute))
        with slots.taken(wanted) as taken:
            yield taken


class _Slots:
    """The slots of a compute, first come, first served.

    `StepResources` finds slots by the `id` of their compute. The reference to the compute keeps that from being reused.
    """

    def __init__(self, compute: Compute) -> None:
        self._compute, self._used = compute, 0
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, wanted: Callable[[], bool]) -> Iterator[bool]:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            while wanted() and not (self._waiting[0] is ticket and self._used < max(1, self._compute.slots)):
                self._changed.wait(_LOOK)
            self._waiting.remove(ticket)
            self._used += 1
            self._changed.notify_all()
        try:
            yield wanted()
        finally:
            with self._changed:
                self._used -= 1
                self._changed.notify_all()
