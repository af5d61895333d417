"""Starts the imports of a sweep's trials while the trials are still being planned."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.job_order import make_order, write_order
from runner.execution.plan import Plan
from runner.io.staging import remove_abandoned, staging_at
from runner.layout import Layout, RunLayout
from runner.records import RunRecord
from runner.stages.prepare import prepare
from runner.stages.run import create_working_copy
from runner.store.finding import entries

_PREFIX = ".ahead-"


def always_run(first: Plan, second: Plan) -> Plan | None:
    """Return a plan of something that every trial runs, given the plans of two trials.

    For pipelines, this is the first step in which the trials differ, because the steps before it are computed at most
    once. Returns None if there is no such step.
    """
    if not first.steps:
        return first
    for step, other in zip(first.steps, second.steps, strict=False):
        if step.plan.yaml != other.plan.yaml:
            return always_run(step.plan, other.plan) if step.plan.steps else _without_inputs(step.plan)
    return None


def _without_inputs(plan: Plan) -> Plan:
    """Return the plan of a step without its arguments and inputs, which other steps have not computed yet."""
    job = dataclasses.replace(plan.spec.job, arguments={})
    spec = dataclasses.replace(plan.spec, job=job, data=dataclasses.replace(plan.spec.data, inputs={}))
    return dataclasses.replace(plan, spec=spec, config={**plan.config, "job": {**plan.config["job"], "arguments": {}}})


@contextlib.contextmanager
def made_ready(context: RunContext, record: RunRecord) -> Iterator[None]:
    """Let a compute prepare for runs like this one, using a temporary folder outside any run folder.

    Errors are ignored, because the first trial runs into them and reports them.
    """
    experiment = context.run.root.parent
    experiment.mkdir(parents=True, exist_ok=True)
    remove_abandoned(experiment, _PREFIX)
    run = RunLayout(experiment / f"{_PREFIX}{secrets.token_hex(4)}")
    with staging_at(run.root):
        with contextlib.suppress(UserError, OSError):
            _show(dataclasses.replace(context, run=run), record)
        yield


def clear_abandoned(layout: Layout) -> None:
    """Remove leftovers of sweeps whose controller was killed, which may contain secrets."""
    for experiment in entries(layout.runs):
        remove_abandoned(Path(experiment.path), _PREFIX)


def _show(context: RunContext, record: RunRecord) -> None:
    context.run.logs.mkdir(parents=True)
    record = dataclasses.replace(record, prepare=prepare(context, record))
    assert context.handle is not None  # noqa: S101 - set by prepare
    create_working_copy(context, record)
    write_order(context.run, make_order(context, record, context.handle))
    context.compute.warm_up(context.run.root, context.handle)
