"""Runs the stages in order and records status, time and events."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from runner.errors import UserError, storage_error
from runner.execution.context import RunContext, Stage
from runner.execution.control import cancel_reason
from runner.io.clock import now
from runner.io.files import append_json_line
from runner.records import ResultRecord, RunRecord
from runner.stages.deploy import deploy
from runner.stages.finalize import finalize
from runner.stages.prepare import prepare
from runner.stages.register import register, registers
from runner.stages.run import read_result, run
from runner.stages.scale import scale
from runner.statuses import CANCELED, COMPLETED, FAILED, FINALIZING, PREPARING, RUNNING, SCALING
from runner.store.edits import final_changes, read_changes, with_changes
from runner.worker import job_order

Phase = Callable[[str, float | None], None]
"""Told a phase's word at its start, and again with its seconds at its end."""

STAGES = (
    Stage("prepare", PREPARING, "Preparing", prepare),
    Stage("scale", SCALING, "Scaling", scale),
    Stage("run", RUNNING, "Running", run),
    Stage("finalize", FINALIZING, "Finalizing", finalize),
    Stage("register", FINALIZING, "Registering", register),
    Stage("deploy", FINALIZING, "Deploying", deploy),
)


def stages_of(context: RunContext) -> tuple[Stage, ...]:
    """Return the stages of a run. A pipeline prepares and scales nothing itself, its steps do."""
    replacements = context.stages
    if replacements is None:
        return STAGES
    return tuple(replacements.get(stage.name, stage) for stage in STAGES if stage.name not in ("prepare", "scale"))


def execute(context: RunContext, record: RunRecord, phase: Phase) -> RunRecord:
    """Take a run through its stages and return its final record.

    If the script fails, its outputs are kept but no model is registered. A mistake found on the way,
    such as a package that does not exist, ends the run as failed with the reason. ``Detached`` passes through, and
    so does Ctrl-C once the record is finished as canceled.
    """
    try:
        return _stages(context, record, phase)
    except KeyboardInterrupt:
        record = context.runs.read(record.id)
        if record.status == RUNNING:  # the worker or the steps were asked to end, and have
            ended = ResultRecord(status=CANCELED, reason="Ctrl-C") if context.stages else read_result(context.run)
            record = dataclasses.replace(record, run=ended)
            record = _stage(
                context, record, next(stage for stage in stages_of(context) if stage.name == "finalize"), phase
            )
        finish(context, dataclasses.replace(record, error="canceled by Ctrl-C"), CANCELED)
        raise
    except (UserError, OSError) as error:
        mistake = error if isinstance(error, UserError) else storage_error(error)
        if mistake is None:
            raise
        return finish(context, dataclasses.replace(context.runs.read(record.id), error=str(mistake)), FAILED)


def _stages(context: RunContext, record: RunRecord, phase: Phase) -> RunRecord:
    for stage in stages_of(context):
        name = stage.name
        if name not in context.spec.stages or getattr(record, name) is not None:
            continue
        if name == "register" and not _registers(context, record):
            continue
        if name == "deploy" and (context.spec.endpoint is None or record.register is None):
            continue
        if context.run.cancel.exists() and record.run is None:
            return finish(
                context, dataclasses.replace(record, error=cancel_reason(context.run) or "canceled"), CANCELED
            )
        record = _stage(context, record, stage, phase)
    status = record.run.status if record.run else COMPLETED
    reason = record.run.reason if record.run else None
    if status == CANCELED:
        reason = cancel_reason(context.run) or reason
    return finish(context, dataclasses.replace(record, error=reason if status != COMPLETED else None), status)


def _registers(context: RunContext, record: RunRecord) -> bool:
    completed = record.run is None or record.run.status == COMPLETED
    return completed and registers(context)


def _stage(context: RunContext, record: RunRecord, stage: Stage, phase: Phase) -> RunRecord:
    name = stage.name
    record = dataclasses.replace(record, status=stage.status)
    if stage.recorded:
        context.runs.write(record)
    note(context, "status", status=stage.status, stage=name)
    phase(stage.word, None)
    start = time.perf_counter()
    made = stage.function(context, record)
    seconds = round(time.perf_counter() - start, 4)
    phase(stage.word, seconds)
    changed: dict[str, Any] = {name: made, "phases": {**record.phases, name: seconds}}
    record = dataclasses.replace(record, **changed)  # written when the next stage starts, or at the end
    return with_changes(record, read_changes(context.run)) if name == "finalize" else record


def finish(context: RunContext, record: RunRecord, status: str) -> RunRecord:
    """Write a run's final record."""
    ended = dataclasses.replace(record, status=status, ended=now())
    job_order.forget(str(context.run.root))
    with final_changes(context.run) as changes:
        record = with_changes(ended, changes)
        context.runs.write(record)
    note(context, "status", status=status, error=record.error)
    return record


def note(context: RunContext, event: str, **facts: Any) -> None:
    """Append an event of the run."""
    append_json_line(context.run.events, {"time": now(), "event": event, **facts})
