"""Registers the models that a script registered with MLflow, with their tags and aliases."""

from __future__ import annotations

import json
from typing import Any

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.io.names import check_name
from runner.layout import RunLayout
from runner.records import ModelRecord, RunRecord
from runner.stages.artefacts import Registration, find_artefact, find_registered, register_version

_FILE = "registered.json"  # written by the worker's `mlflow_store`


def advice(reason: str) -> str | None:
    """Return a hint if the script failed because MLflow refused a database."""
    if "got unsupported URI 'sqlite:" not in reason:
        return None
    return "A SQLite store needs mlflow; mlflow-skinny can't write one. Add mlflow to environment.packages"


def has_registered(run: RunLayout) -> bool:
    """Return whether the script registered a model with MLflow."""
    return (run.mlflow / _FILE).exists()


def register_for_script(context: RunContext, record: RunRecord) -> list[ModelRecord]:
    """Register the script's models in order. A model registered twice under one name becomes one version.

    Raises
    ------
    UserError
        If a name is not valid here, a model is not among the outputs, or a model is refused.
    """
    entries = json.loads((context.run.mlflow / _FILE).read_bytes())
    return [_register(context, record, entry) for entry in entries]


def _register(context: RunContext, record: RunRecord, entry: dict[str, Any]) -> ModelRecord:
    name = check_name(entry["name"], "model name (registered by the script)")
    if entry["path"] is None:
        raise UserError(
            f"Model {name} was not registered: the run's outputs do not contain what the script registered with MLflow",
            "Log it in this run: mlflow.sklearn.log_model(model, name=...)",
        )
    wanted = Registration(
        name=name,
        artefact=find_artefact(context.run, f"{RunLayout.outputs}/{entry['path']}"),
        description=entry["description"],
        tags={str(key): str(value) for key, value in entry["tags"].items()},
    )
    made = find_registered(context.registry, record.id, wanted) or register_version(context, record, wanted)
    for alias in entry["aliases"]:
        context.registry.set_alias(name, check_name(alias, "alias (set by the script)"), made.version)
    marked = "".join(f" @{alias}" for alias in entry["aliases"])
    context.say(f"Registered {made.name}:{made.version}{marked}, version {entry['version']} in the script")
    return made
