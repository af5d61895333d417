"""The files in a run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import Name, Time
from runner.io.record import FORMAT, Record, frozen_record
from runner.records.stages import DeployRecord, FinalizeRecord, PrepareRecord, RegisterRecord, ResultRecord, ScaleRecord
from runner.worker.job_order import JobOrder


@frozen_record
class OrderRecord(Record, JobOrder):
    """The worker's ``order.json``."""


@frozen_record
class RunRecord(Record):
    """``run.json``: everything known about one run.

    `config` is the composed configuration, resolved except for secrets. `user` is the name of the user who ran it, and
    `note` a user's text about it. Lists leave out `archived` runs.
    """

    format: int = FORMAT
    id: Name
    experiment: Name
    status: str
    created: Time
    ended: Time | None = None
    number: int = 0
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    rerun_of: str | None = None
    user: str | None = None
    error: str | None = None
    note: str | None = None
    archived: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)
    prepare: PrepareRecord | None = None
    scale: ScaleRecord | None = None
    run: ResultRecord | None = None
    finalize: FinalizeRecord | None = None
    register: RegisterRecord | None = None
    deploy: DeployRecord | None = None

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a group of the configuration, empty if it is missing."""
        section = self.config.get(name)
        return section if isinstance(section, Mapping) else {}


@frozen_record
class MetricLine(Record):
    """A line of ``metrics.jsonl``; see `runner.execution.metrics`."""

    name: str
    value: Any = None
    step: int | None = None
    time: Time | None = None
    kind: str | None = None


@frozen_record
class EventLine(Record):
    """A line of ``events.jsonl``: an event of a run with its time. Other fields depend on the event."""

    time: Time
    event: str


@frozen_record
class PropertyLine(Record):
    """A line of ``properties.jsonl``: a tag, a property or the display name that the script set; null removes it."""

    kind: str
    name: str
    value: str | None


@frozen_record
class ResourceLine(Record):
    """A line of ``resources.jsonl``; see `runner.worker.observe.resources`."""

    time: Time
    cpu: float
    memory: int
    processes: int = 1


@frozen_record
class EditLine(Record):
    """A line of ``edits.jsonl``: a user's change to a run that had not ended. Missing fields are unchanged.

    A tag or a note that is null is removed.
    """

    tags: Mapping[str, str | None] = field(default_factory=dict)
    note: str | None = None
    display_name: str | None = None
    archived: bool = False


@frozen_record
class EditedLine(Record):
    """A line of ``runs/.edited.jsonl``: the folder of a run that was changed after it had ended."""

    run: str


@frozen_record
class AttemptLine(Record):
    """A line of ``attempts.jsonl``: an attempt that ended because a node was lost."""

    attempt: int
    node: str


@frozen_record
class ChildRecord(Record):
    """``child.json``: a child run that the script created."""

    id: str
    number: int = 0
    name: Any = None
    status: str | None = None
    outputs: str | None = None


@frozen_record
class ProcessRecord(Record):
    """``process.json``: the running process."""

    pid: int


@frozen_record
class CancelRecord(Record):
    """``cancel.json``, which asks the run to end."""

    reason: str | None = None


@frozen_record
class NodeRecord(Record):
    """``job.json`` of a cluster: the node that a run is on, and the run's folder there."""

    node: str
    folder: str
    began: Any = None


@frozen_record
class RegisterRequest(Record):
    """The request of a script that calls ``Run.register_model``."""

    name: Any = None
    path: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    resources: Mapping[str, float | None] | None = None
