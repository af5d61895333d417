"""Register: the model the run left becomes a version, after it was loaded and looked at where it belongs."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.bench import Bench
from runner.clock import now
from runner.errors import UserError, nearest
from runner.files import hash_tree, list_files
from runner.layout import WORKER, RunLayout
from runner.ports import Registry
from runner.promotion import promote, read_condition
from runner.records import FinalizeRecord, Inspection, ModelRecord, RegisterRecord, RunRecord

MODEL_SUFFIXES = (".joblib", ".pkl", ".pickle", ".skops")
INSPECTION_LIMIT = 300  # seconds


@dataclass(frozen=True)
class Wanted:
    """What is to be registered, from the model group of a composition or from the script's own call."""

    name: str
    artefact: Path
    framework: str = "ScikitLearn"
    framework_version: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    resources: dict[str, float] = field(default_factory=dict)


def register(bench: Bench, record: RunRecord) -> RegisterRecord | None:
    """Register the model the composition names; nothing is done where it names none.

    Raises
    ------
    UserError
        If there is no such model, several, or one that is refused.
    """
    model = bench.spec.model
    if model.name is None:
        return None
    wanted = Wanted(
        name=model.name,
        artefact=find_artefact(bench.run, model.path),
        framework=model.framework,
        framework_version=model.framework_version,
        description=model.description,
        tags=dict(model.tags),
        properties={**model.properties, **_lineage(record)},
        resources={"cpu": model.resources.cpu, "memory_gb": model.resources.memory_gb},
    )
    made = _already(bench.registry, record.id, wanted) or register_version(bench.run, bench.registry, record, wanted)
    promoted = None
    if model.promote_if is not None:
        promoted = promote(bench.registry, made, read_condition(model.promote_if), bench.say)
    return RegisterRecord(model=made.name, version=made.version, sha256=made.sha256, promoted=promoted)


def _lineage(record: RunRecord) -> dict[str, str]:
    """Return which sweep and trial a run is, if it is one."""
    return {name: record.properties[name] for name in ("sweep", "trial") if name in record.properties}


def _already(registry: Registry, run_id: str, wanted: Wanted) -> ModelRecord | None:
    """Return the version an interrupted attempt of this very run made, if it was of the same bytes."""
    digest = None
    for found in registry.find_by_run(run_id, wanted.name):
        digest = digest or hash_tree(wanted.artefact)
        if found.sha256 == digest:
            return found
    return None


def find_artefact(run: RunLayout, path: str | None) -> Path:
    """Return the model file, as named or as the only one of its kind.

    Raises
    ------
    UserError
        If it is missing, not the only one, or outside the run.
    """
    if path is None:
        return _only_model(run)
    for root, name in ((run.outputs, path.removeprefix("outputs/")), (run.work, path)):
        found = (root / name).resolve()
        if found.exists() and found.is_relative_to(root.resolve()) and found != root.resolve():
            return found
    left = [f"outputs/{name}" for name in list_files(run.outputs)]
    raise UserError(f"model.path: the run left no {path}", nearest(path, left) or "It left no outputs at all")


def _only_model(run: RunLayout) -> Path:
    for root in (run.outputs, run.work):
        found = [name for name in list_files(root) if name.endswith(MODEL_SUFFIXES)]
        if len(found) == 1:
            return Path(root / found[0])
        if found:
            raise UserError(
                f"The run left {len(found)} files that look like a model: {', '.join(found[:8])}",
                "Name one: model.path=outputs/...",
            )
    raise UserError(
        f"The run left no model: no file in outputs ends in {', '.join(MODEL_SUFFIXES)}",
        "Write one, for example joblib.dump(model, 'outputs/model.joblib'), or name it with model.path",
    )


def register_version(run: RunLayout, registry: Registry, record: RunRecord, wanted: Wanted) -> ModelRecord:
    """Inspect an artefact and make it the next version.

    Raises
    ------
    UserError
        If the inspection refuses it, or the registry cannot take it.
    """
    inspection = None
    if wanted.framework != "Custom":
        inspection = inspect(run, wanted.artefact)
        _check(inspection, wanted)
    finalized, prepared = record.finalize or FinalizeRecord(), record.prepare
    assert prepared is not None  # noqa: S101 - a model comes from a run that was prepared
    made = registry.register(
        wanted.artefact,
        ModelRecord(
            name=wanted.name,
            version=0,
            created=now(),
            artefact=wanted.artefact.name,
            sha256=inspection.sha256 if inspection else "",
            bytes=0,
            framework=wanted.framework,
            framework_version=inspection.framework_version if inspection else wanted.framework_version,
            python_version=prepared.environment.python_version,
            lock=run.lock_file.read_text() if run.lock_file.exists() else None,
            description=wanted.description,
            resources=wanted.resources,
            tags=wanted.tags,
            properties=wanted.properties,
            metrics=finalized.metrics,
            run=record.id,
            experiment=record.experiment,
            data={name: one.hash for name, one in prepared.inputs.items()},
            git_commit=prepared.snapshot.git.commit if prepared.snapshot.git else None,
            inspection=inspection,
        ),
    )
    return made


def _check(inspection: Inspection, wanted: Wanted) -> None:
    if inspection.error:
        raise UserError(f"Model {wanted.name} was not registered: {inspection.error}")
    asked, there = wanted.framework_version, inspection.framework_version
    if asked and there and there != asked and not there.startswith(asked + "."):
        raise UserError(
            f"Model {wanted.name} was not registered: framework_version {asked} was asked for, "
            f"the run's environment has scikit-learn {there}",
            "Set model.framework_version to it, or run in an environment that has the version",
        )


def inspect(run: RunLayout, artefact: Path) -> Inspection:
    """Return the worker's inspection if it is of these very bytes, else make one now in the run's environment."""
    digest = hash_tree(artefact)
    if run.inspection.exists():
        for entry in json.loads(run.inspection.read_bytes()):
            found = Inspection.from_json(entry)
            if found.sha256 == digest:
                return found
    order = json.loads(run.order.read_bytes())
    command = [
        *(order.get("python") or order["inspector"]),
        "-E",
        "-s",
        str(WORKER / "inspect_model.py"),
        str(artefact),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=INSPECTION_LIMIT, cwd="/", check=False)
    except subprocess.TimeoutExpired:
        return Inspection(path=artefact.name, sha256=digest, error=f"loading it took over {INSPECTION_LIMIT} s")
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        reason = f"the process that loaded it ended with {done.returncode} ({' '.join(last)})"
        return Inspection(path=artefact.name, sha256=digest, error=reason)
    answer: dict[str, Any] = json.loads(done.stdout)
    return Inspection.from_json(answer)
