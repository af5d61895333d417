"""Finds a run's model, inspects it in the run's environment and registers it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import UserError, nearest
from runner.execution.context import RunContext
from runner.execution.inspectors import inspector_of
from runner.io.clock import now
from runner.io.folders import list_files
from runner.io.hashes import hash_tree
from runner.io.json_records import as_record, read_bytes, read_json, read_text
from runner.layout import RunLayout
from runner.records import FinalizeRecord, Inspection, ModelRecord, RunRecord
from runner.store.registry import LARGEST_CARD, FileRegistry
from runner.worker.suffixes import MODELS


def _card(context: RunContext) -> str | None:
    """Return the model card that the script wrote, or None."""
    try:
        return read_bytes(context.run.card, LARGEST_CARD).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except UserError as mistake:
        context.say(f"The model card is not registered: {mistake}")
        return None


@dataclass(frozen=True)
class Registration:
    """A model to register, from the model group of a composition or from the script's own call."""

    name: str
    artefact: Path
    framework: str = "ScikitLearn"
    framework_version: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    resources: dict[str, float | None] = field(default_factory=dict)


def find_registered(registry: FileRegistry, run_id: str, wanted: Registration) -> ModelRecord | None:
    """Return the version that an interrupted attempt of this run registered, if its bytes are the same."""
    digest = None
    for record in registry.find_by_run(run_id, wanted.name):
        digest = digest or hash_tree(wanted.artefact)
        if record.sha256 == digest:
            return record
    return None


def find_artefact(run: RunLayout, path: str | None) -> Path:
    """Return the named model file, or the only one.

    Raises
    ------
    UserError
        If it does not exist or is outside the run, or `path` is None and there is not exactly one.
    """
    if path is None:
        return _only_model(run)
    for root, name in ((run.outputs, path.removeprefix(f"{RunLayout.outputs}/")), (run.work, path)):
        artefact = (root / name).resolve()
        if artefact.exists() and artefact.is_relative_to(root.resolve()) and artefact != root.resolve():
            return artefact
    left = [f"{RunLayout.outputs}/{name}" for name in list_files(run.outputs)]
    raise UserError(f"model.path: the run did not write {path}", nearest(path, left) or "Its outputs folder is empty")


def _only_model(run: RunLayout) -> Path:
    for root, place in ((run.outputs, f"{RunLayout.outputs}/"), (run.work, "")):
        models = [name for name in list_files(root) if name.endswith(MODELS)]
        if len(models) == 1:
            return Path(root / models[0])
        if models:
            raise UserError(
                f"The run wrote {len(models)} files that look like a model: {', '.join(models[:8])}",
                "Name one: model.path=outputs/..., or register one now: "
                f"vivero models register {run.root.name} --path {shlex.quote(place + models[0])}",
            )
    raise UserError(
        f"The run wrote no model: no file in outputs ends in {', '.join(MODELS)}",
        "Write one, for example joblib.dump(model, 'outputs/model.joblib'), or name it with model.path",
    )


def register_version(context: RunContext, record: RunRecord, wanted: Registration) -> ModelRecord:
    """Inspect an artefact and register it as the next version.

    Raises
    ------
    UserError
        If the inspection or the registry refuses it.
    """
    inspection = None
    if wanted.framework != "Custom":
        inspection = inspect(context, record, wanted.artefact)
        _check(inspection, wanted)
    finalized, prepared = record.finalize or FinalizeRecord(), record.prepare
    assert prepared is not None  # noqa: S101 - a model comes from a run that was prepared
    made = context.registry.register(
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
            lock=read_text(context.run.lock_file) if context.run.lock_file.exists() else None,
            description=wanted.description,
            resources=wanted.resources,
            tags=wanted.tags,
            properties=wanted.properties,
            metrics=finalized.metrics,
            run=record.id,
            experiment=record.experiment,
            data={name: input_record.hash for name, input_record in prepared.inputs.items()},
            assets={
                name: input_record.asset
                for name, input_record in prepared.inputs.items()
                if input_record.asset is not None
            },
            git_commit=prepared.snapshot.git.commit if prepared.snapshot.git else None,
            inspection=inspection,
            default_method=inspection.default_method if inspection else None,
        ),
        card=_card(context),
    )
    return made


def _check(inspection: Inspection, wanted: Registration) -> None:
    if inspection.error:
        raise UserError(f"Model {wanted.name} was not registered: {inspection.error}")
    wanted_version, installed = wanted.framework_version, inspection.framework_version
    if wanted_version and installed and installed != wanted_version and not installed.startswith(wanted_version + "."):
        raise UserError(
            f"Model {wanted.name} was not registered: model.framework_version={wanted_version}, but "
            f"the run's environment has scikit-learn {installed}",
            f"Set model.framework_version={installed}, or run in an environment that has {wanted_version}",
        )


def inspect(context: RunContext, record: RunRecord, artefact: Path) -> Inspection:
    """Return the worker's inspection if it is of the same bytes, or else inspect in the run's environment."""
    digest = hash_tree(artefact)
    if context.run.inspection.exists():
        entries = read_json(context.run.inspection)
        for entry in entries if isinstance(entries, list) else [entries]:
            inspection = as_record(entry, Inspection, context.run.inspection)
            if inspection.sha256 == digest:
                return inspection
    return inspector_of(context, record).inspect(artefact)
