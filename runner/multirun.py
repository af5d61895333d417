"""Provides the sweep with its dependencies before Hydra starts a multirun."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from runner.execution.context import RunContext
from runner.execution.plan import Plan
from runner.layout import Layout
from runner.ports.compute import Compute
from runner.records import RunRecord
from runner.recovery import finished, reopen
from runner.run_context import make_context, new_record
from runner.store.runs import FileRunStore
from runner.sweeps.controller.request import Context
from runner.sweeps.display.watcher import make_watcher
from runner.wiring import make_compute


def make_sweep_context(base: Path) -> Context:
    """Return the context of sweeps started in a folder."""
    return Context(
        base=base,
        new_run=_new_run,
        reopen=_reopen,
        finished=finished,
        make_compute=partial(make_compute, base=base, several=True),
        watcher=make_watcher,
    )


def _new_run(plan: Plan, compute: Compute) -> tuple[RunRecord, RunContext]:
    record = new_record(plan)
    context = make_context(
        plan.spec, plan.layout, record, plan.base, say=lambda _line: None, compute=compute, steps=plan.steps
    )
    return record, context


def _reopen(layout: Layout, run_id: str) -> tuple[RunRecord, RunContext]:
    record = FileRunStore(layout).read(run_id)
    return record, reopen(layout, record)
