"""What is known of a run, of a model version and of an endpoint, frozen. Each stage of the pipeline has its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.record import (
    FORMAT,
    BadValueError,
    FileName,
    Inside,
    Name,
    Record,
    Sha256,
    Time,
    checked_fields,
    frozen_record,
)
from runner.worker.job_order import JobOrder
from runner.worker.run.worker_result import WorkerResult


@frozen_record
class GitState(Record):
    """The repository the source came from. `diff` names the file in the run's folder with what was uncommitted."""

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
    what a container is made from, a name and its digest or id, for kind docker; `prefix` and `python` are then paths
    inside.
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
    """One data input. `path` as configured, `location` where the script finds it."""

    path: str
    mode: str
    hash: str
    files: int
    bytes: int
    location: str


@frozen_record
class PrepareRecord(Record):
    """Result of the prepare stage."""

    snapshot: SnapshotRecord
    environment: EnvironmentRecord
    inputs: Mapping[str, InputRecord] = field(default_factory=dict)


@frozen_record
class ScaleRecord(Record):
    """Result of the scale stage: where the run will be."""

    compute: str
    nodes: tuple[str, ...]
    slots: int


@frozen_record
class OrderRecord(Record, JobOrder):
    """The worker's ``order.json``."""


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
    """Result of the finalize stage. `metrics` has the last value of each metric that is a single one."""

    outputs: tuple[FileRecord, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@frozen_record
class RegisterRecord(Record):
    """Result of the register stage. `promoted` is the alias that moved to the version."""

    model: str
    version: int
    sha256: str
    promoted: str | None = None


@frozen_record
class DeployRecord(Record):
    """Where the run's model is served."""

    endpoint: str
    address: str
    models: tuple[str, ...] = ()


@frozen_record
class RunRecord(Record):
    """``run.json``: everything known of one run.

    `config` is the composed configuration, resolved but for what is secret; `user` is the name of who ran it.
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
    phases: Mapping[str, float] = field(default_factory=dict)
    prepare: PrepareRecord | None = None
    scale: ScaleRecord | None = None
    run: ResultRecord | None = None
    finalize: FinalizeRecord | None = None
    register: RegisterRecord | None = None
    deploy: DeployRecord | None = None

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a group of the configuration, empty where it has none."""
        found = self.config.get(name)
        return found if isinstance(found, Mapping) else {}


@frozen_record
class Inspection(Record):
    """What loading the model in the run's environment, in a clean process, showed. `error` says why it is refused.

    `path` and `sha256` are those of the inspected artefact, `methods` the subset of predict, predict_proba,
    predict_log_proba, decision_function, transform and score_samples that it has, `modules` the top-level modules that
    its file names, `default_method` what it is to answer with where nobody says.
    """

    path: str
    sha256: str
    error: str | None = None
    model_class: str | None = None
    steps: tuple[Mapping[str, str], ...] = ()
    feature_names: tuple[str, ...] | None = None
    features: int | None = None
    classes: tuple[Any, ...] | None = None
    methods: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    default_method: str | None = None
    example_input: Any = None
    framework: str | None = None
    framework_version: str | None = None


@frozen_record
class ModelRecord(Record):
    """``model.json``: one version of a model. `artefact` is the file or folder beside it, `files` its contents."""

    format: int = FORMAT
    name: Name
    version: int
    created: Time
    artefact: FileName
    sha256: str
    bytes: int
    files: tuple[FileRecord, ...] = ()
    framework: str = "ScikitLearn"
    framework_version: str | None = None
    python_version: str | None = None
    lock: str | None = None
    description: str | None = None
    resources: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None
    experiment: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    inspection: Inspection | None = None
    default_method: str | None = None


@frozen_record
class Deployment(Record):
    """One version behind an endpoint. `reference` is what was asked for; with an ``@alias`` the version follows it."""

    reference: str
    name: Name
    version: int
    weight: float = 1.0
    mirror: bool = False


@frozen_record
class EndpointRecord(Record):
    """``endpoint.json``: what an endpoint serves and how. `generation` counts changes, `history` holds earlier ones.

    `python` is the interpreter of the environment its models fit in; of a container it is in `image`, and `environment`
    is the key of the image that this one begins with.
    """

    format: int = FORMAT
    name: Name
    created: Time
    generation: int = 1
    deployments: tuple[Deployment, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    python: str = ""
    image: str | None = None
    environment: str | None = None
    history: tuple[tuple[Deployment, ...], ...] = ()

    @classmethod
    def from_json(cls, value: Any) -> EndpointRecord:
        """Return the record that plain data describes, whose settings are those of an endpoint."""
        from runner.config.endpoint_settings import EndpointSettings

        record = super().from_json(value)
        try:
            checked_fields(EndpointSettings, record.settings)
        except BadValueError as error:
            raise error.below("settings") from None
        return record


@frozen_record
class MetricLine(Record):
    """A line of ``metrics.jsonl``; see `runner.execution.metrics`."""

    name: str
    value: Any = None
    step: int | None = None
    time: Time | None = None
    kind: str | None = None


@frozen_record
class PropertyLine(Record):
    """A line of ``properties.jsonl``: a tag, a property or the display name that the script set; null removes it."""

    kind: str
    name: str
    value: str | None


@frozen_record
class AliasLine(Record):
    """A line of ``aliases.jsonl``: an alias that moved to a version, or with null was dropped."""

    time: Time
    alias: str
    version: int | None


@frozen_record
class AttemptLine(Record):
    """A line of ``attempts.jsonl``: an attempt that ended because a node was lost."""

    attempt: int
    node: str


@frozen_record
class ChildRecord(Record):
    """``child.json`` of a run that the script made below its own."""

    id: str
    number: int = 0
    name: Any = None
    status: str | None = None
    outputs: str | None = None


@frozen_record
class ServerState(Record):
    """What a server process says of itself in the folder of its endpoint."""

    pid: int
    served: tuple[ServedModel, ...] = ()
    problem: str | None = None


@frozen_record
class ServedModel(Record):
    """A version that a server process answers with."""

    name: str
    version: int


@frozen_record
class ParityMethod(Record):
    """How far an accelerated form of one method is off, and if it is not used why."""

    used: bool
    reason: str | None = None
    precision: str | None = None
    labels_equal: float | None = None
    largest_difference: Any = None


@frozen_record
class ParityRecord(Record):
    """``parity-onnx.json`` of a version."""

    methods: Mapping[str, ParityMethod] = field(default_factory=dict)


@frozen_record
class KeyRecord(Record):
    """A key of an endpoint, of which only the hash is kept."""

    sha256: Sha256
    created: Time


@frozen_record
class KeysRecord(Record):
    """``keys.json`` of an endpoint, by the names of its keys."""

    format: int = FORMAT
    keys: Mapping[str, KeyRecord] = field(default_factory=dict)


@frozen_record
class ProcessRecord(Record):
    """``process.json``: the process that lives."""

    pid: int


@frozen_record
class CancelRecord(Record):
    """``cancel.json``, the mark that asks for an end."""

    reason: str | None = None


@frozen_record
class NodeRecord(Record):
    """``job.json`` of a cluster: the node that a run is on, and the run's folder there."""

    node: str
    folder: str
    began: Any = None


@frozen_record
class ManifestEntry(Record):
    """A file of a snapshot."""

    sha256: str
    size: int
    executable: bool = False


@frozen_record
class ManifestRecord(Record):
    """``manifest.json`` of a snapshot."""

    files: Mapping[str, ManifestEntry] = field(default_factory=dict)


@frozen_record
class RegisterRequest(Record):
    """What a script asks for with ``Run.register_model``."""

    name: Any = None
    path: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    resources: Mapping[str, float | None] | None = None
