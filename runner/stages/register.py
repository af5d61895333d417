"""Register: registers the model of the composition and those that the script registered itself."""

from __future__ import annotations

from runner.execution.context import RunContext
from runner.execution.promotion import promote, read_condition
from runner.records import ModelRecord, RegisterRecord, RunRecord
from runner.stages.artefacts import Registration, find_artefact, find_registered, register_version
from runner.stages.mlflow_models import has_registered, register_for_script


def registers(context: RunContext) -> bool:
    """Return whether a completed run has something to register."""
    model = context.spec.model
    return model.register != "none" and (model.name is not None or has_registered(context.run))


def register(context: RunContext, record: RunRecord) -> RegisterRecord | None:
    """Register the composition's model and the script's models; return the record of the first.

    Raises
    ------
    UserError
        If the model is missing, ambiguous or refused.
    """
    made, promoted = [], None
    if context.spec.model.name is not None:
        version, promoted = _composed(context, record, context.spec.model.name)
        made.append(version)
    if has_registered(context.run):
        made += register_for_script(context, record)
    first = made[0] if made else None
    if first is None:
        return None
    return RegisterRecord(model=first.name, version=first.version, sha256=first.sha256, promoted=promoted)


def _composed(context: RunContext, record: RunRecord, name: str) -> tuple[ModelRecord, str | None]:
    """Register the composition's model; return its version and the alias that moved to it."""
    model = context.spec.model
    wanted = Registration(
        name=name,
        artefact=find_artefact(context.run, model.path),
        framework=model.framework,
        framework_version=model.framework_version,
        description=model.description,
        tags=dict(model.tags),
        properties={**model.properties, **_lineage(record)},
        resources={"cpu": model.resources.cpu, "memory_gb": model.resources.memory_gb},
    )
    made = find_registered(context.registry, record.id, wanted) or register_version(context, record, wanted)
    promoted = None
    if model.promote_if is not None:
        promoted = promote(context.registry, made, read_condition(model.promote_if), context.say)
    return made, promoted


def _lineage(record: RunRecord) -> dict[str, str]:
    """Return the sweep and trial that a run belongs to, if any."""
    return {name: record.properties[name] for name in ("sweep", "trial") if name in record.properties}
