"""The state that the views and the shortcut share: models, readiness, and the recording of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.io.clock import now
from serving.dataplane.plane import Answer, DataPlane
from serving.http.connections.memory_budget import MemoryBudget
from serving.http.exchange import Exchange
from serving.observe.telemetry import Telemetry
from serving.protocols.protocol import Repository


class Service:
    """The models of one server process.

    Parameters
    ----------
    plane : DataPlane
        The models.
    telemetry : Telemetry
        Records payloads.
    memory_budget : MemoryBudget
        The capacity of the process.
    has_keys : bool
        Whether requests need a key.
    repository : Repository or None
        Loads and unloads models on request.
    """

    def __init__(
        self,
        plane: DataPlane,
        telemetry: Telemetry,
        memory_budget: MemoryBudget,
        *,
        has_keys: bool,
        repository: Repository | None,
    ) -> None:
        self.plane, self.has_keys, self.repository = plane, has_keys, repository
        self._telemetry, self._memory_budget = telemetry, memory_budget

    @property
    def ready(self) -> bool:
        """Whether requests will be answered, including those on new connections."""
        return self.plane.ready and not self._memory_budget.full

    def note(self, exchange: Exchange, answers: Sequence[Answer], form: Any, payload: Any, rows: int) -> None:
        """Record an answer for metrics and logs."""
        answer = exchange.answer = answers[0]
        exchange.rows = rows
        if self._telemetry.keep_payload() and self._telemetry.payloads is not None:
            line = {"time": now(), "request_id": exchange.request_id, "model": answer.served.name}
            line |= {"version": answer.served.version, "request": payload, "answer": form}
            self._telemetry.payloads.add(line)
