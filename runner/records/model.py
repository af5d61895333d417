"""A version of a model, and the files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import FileName, Name, Time
from runner.io.record import FORMAT, Record, frozen_record
from runner.records.stages import FileRecord


@frozen_record
class Inspection(Record):
    """The result of loading the model in the run's environment, in a clean process. `error` says why it is refused.

    `path` and `sha256` are those of the inspected artefact, `methods` the subset of predict, predict_proba,
    predict_log_proba, decision_function, transform and score_samples that it has, `modules` the top-level modules that
    its file names, `default_method` the method for requests that name none. `signature` describes the columns that a
    declared training fitted the model to, as in ``signature.json``. `diagram` is scikit-learn's drawing
    as HTML, which a registered version has in a separate file.
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
    signature: Any = None
    diagram: str | None = None
    framework: str | None = None
    framework_version: str | None = None


@frozen_record
class ModelRecord(Record):
    """``model.json``: one version of a model. `artefact` is the file or folder beside it, `files` its contents.

    `data` has the hash of each data input of its run. For inputs that are data assets, `assets` has the version as
    ``NAME:VERSION``. `framework_version` is what the inspection found, where there was one.
    """

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
    assets: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    inspection: Inspection | None = None
    default_method: str | None = None

    def fits_framework(self, version: str) -> bool:
        """Return whether a version of scikit-learn has the model's major.minor version, or the model's is not known."""
        own = self.framework_version
        return not own or own.split(".")[:2] == version.split(".")[:2]


@frozen_record
class AliasLine(Record):
    """A line of ``aliases.jsonl``: an alias that moved to a version, or was removed if the version is null."""

    time: Time
    alias: str
    version: int | None


@frozen_record
class ParityMethod(Record):
    """How much an accelerated method differs from the original, and the reason if it is not used."""

    used: bool
    reason: str | None = None
    precision: str | None = None
    labels_equal: float | None = None
    largest_difference: Any = None


@frozen_record
class ParityRecord(Record):
    """``parity-onnx.json`` of a version."""

    methods: Mapping[str, ParityMethod] = field(default_factory=dict)
