"""Registers the best trial's model, and serves it if configured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.io.locks import locked
from runner.ports.say import Say
from runner.records import RunRecord
from runner.stages.deploy import deploy
from runner.stages.register import register
from runner.statuses import CANCELED
from runner.sweeps.records import SweepRecord

Reopen = Callable[[str], tuple[RunRecord, RunContext]]
"""Returns the record and the context of a run by its id."""


def register_best(sweep: SweepRecord, stages: list[str], reopen: Reopen, say: Say) -> SweepRecord:
    """Register the model of the first best trial with its lineage; return the updated sweep record.

    A refused model is reported and does not affect the sweep.
    """
    if sweep.state == CANCELED:
        return sweep
    if not sweep.best:
        if not sweep.objectives and sweep.config.get("model", {}).get("name") and "register" in stages:
            say("No model is registered: without sweep.objective no trial is best")
        return sweep
    trial = next(trial for trial in sweep.trials if trial.number == sweep.best[0])
    record, context = reopen(trial.run)
    if context.spec.model.name is None or context.spec.model.register != "best" or "register" not in stages:
        return sweep
    try:
        with locked(context.run.controller_lock), context.closing:
            context.say = say
            record = context.runs.read(record.id)  # a tag may have been set meanwhile
            if record.register is None:
                own = (context.stages or {}).get("register")  # a pipeline's model is that of a step
                made = (own.function if own is not None else register)(context, record)
                record = dataclasses.replace(record, register=made)
                context.runs.write(record)
            if context.spec.endpoint is not None and "deploy" in stages and record.deploy is None:
                record = dataclasses.replace(record, deploy=deploy(context, record))
                context.runs.write(record)
    except UserError as mistake:
        say(f"The best trial's model: {mistake}")
        return dataclasses.replace(sweep, error=sweep.error or str(mistake))
    made = record.register
    return dataclasses.replace(sweep, model=f"{made.model}:{made.version}") if made is not None else sweep
