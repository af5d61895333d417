"""The records of a pipeline's steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import Name, Time
from runner.io.record import FORMAT, Record, frozen_record

WAITING, SKIPPED = "waiting", "skipped"


@frozen_record
class StepRecord(Record):
    """A line of ``steps.jsonl``: the state of a step. The last line of a step counts.

    `run` is the run that computed it; it is an earlier one if `reused`. `parts` is what its result depends on, and
    `key` the hash of that. `reason` says why it did not complete.
    """

    name: Name
    status: str
    run: str | None = None
    reused: bool = False
    attempt: int = 1
    reason: str | None = None
    key: str | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    started: Time | None = None
    ended: Time | None = None


@frozen_record
class StepResult(Record):
    """A file in ``steps/``, named after a step's key: the run that computes or computed the step."""

    format: int = FORMAT
    run: Name
    experiment: Name
