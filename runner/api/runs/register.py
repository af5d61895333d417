"""Registers a model of a run that has ended."""

from __future__ import annotations

from runner.console.notes import note
from runner.errors import UserError
from runner.io.names import check_name
from runner.layout import Layout
from runner.records import ModelRecord, RunRecord
from runner.statuses import TERMINAL


def register_model(
    layout: Layout,
    record: RunRecord,
    name: str | None,
    path: str | None,
    *,
    tags: dict[str, str],
    framework: str = "ScikitLearn",
    description: str | None = None,
) -> ModelRecord:
    """Register a file or folder that a run wrote as the next version of a model.

    Raises
    ------
    UserError
        If the run has not ended, has no such file, or the model is refused.
    """
    from runner.recovery import reopen
    from runner.rerun import checked
    from runner.stages.artefacts import Registration, find_artefact, register_version

    if record.status not in TERMINAL:
        raise UserError(f"Run {record.id} has not ended yet", f"Follow it: vivero logs {record.id} --follow")
    if record.prepare is None:
        raise UserError(f"Run {record.id} ended before its environment was ready, so it has no model")
    record = checked(layout, record)
    context = reopen(layout, record, note)
    with context.closing:
        chosen = name or context.spec.model.name
        if chosen is None:
            raise UserError("The model needs a name", "Add --name NAME")
        wanted = Registration(
            name=check_name(chosen, "model name"),
            artefact=find_artefact(context.run, path),
            framework=framework,
            description=description,
            tags=tags,
        )
        return register_version(context, record, wanted)
