"""The result that each stage of a run writes to ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import Inside, Time
from runner.io.record import Record, frozen_record
from runner.worker.run.worker_result import WorkerResult


@frozen_record
class GitState(Record):
    """The repository the source came from. `diff` names the file in the run's folder with the uncommitted changes."""

    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    dirty: bool = False
    diff: str | None = None


@frozen_record
class SnapshotRecord(Record):
    """The copied source folder. `bytes` is its size."""

    hash: str
    source: str
    files: int
    bytes: int
    git: GitState | None = None


@frozen_record
class EnvironmentRecord(Record):
    """The environment a run used.

    `prefix` is relative to the workspace, or absolute outside it; `seconds` is the time it took to prepare. `image` is
    the image of kind docker, as a name with a digest or id; `prefix` and `python` are then paths inside it.
    """

    kind: str
    key: str
    prefix: str
    python: str
    python_version: str
    platform: str
    packages: Mapping[str, str] = field(default_factory=dict)
    lock: str | None = None
    cached: bool = False
    seconds: float = 0.0
    image: str | None = None
    image_id: str | None = None


@frozen_record
class InputRecord(Record):
    """One data input. `path` is as configured, `location` is where the script finds it.

    If it is a data asset, `asset` is its version, as ``NAME:VERSION``.
    """

    path: str
    mode: str
    hash: str
    files: int
    bytes: int
    location: str
    asset: str | None = None


@frozen_record
class PrepareRecord(Record):
    """Result of the prepare stage."""

    snapshot: SnapshotRecord
    environment: EnvironmentRecord
    inputs: Mapping[str, InputRecord] = field(default_factory=dict)


@frozen_record
class ScaleRecord(Record):
    """Result of the scale stage: the nodes that the run may be placed on."""

    compute: str
    nodes: tuple[str, ...]
    slots: int


@frozen_record
class ResultRecord(Record, WorkerResult):
    """Result of the run stage: the worker's ``result.json``."""

    started: Time | None = None
    ended: Time | None = None
    notes: tuple[str, ...] = ()


@frozen_record
class FileRecord(Record):
    """One file of the outputs. `path` is relative to the outputs folder."""

    path: Inside
    bytes: int
    sha256: str


@frozen_record
class FinalizeRecord(Record):
    """Result of the finalize stage. `metrics` has the last value of each scalar metric.

    `data` has, by the name of each output that became a data asset, its version as ``NAME:VERSION``.
    """

    outputs: tuple[FileRecord, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


@frozen_record
class RegisterRecord(Record):
    """Result of the register stage. `promoted` is the alias that moved to the version."""

    model: str
    version: int
    sha256: str
    promoted: str | None = None


@frozen_record
class DeployRecord(Record):
    """Result of the deploy stage: where the run's model is served."""

    endpoint: str
    address: str
    models: tuple[str, ...] = ()
