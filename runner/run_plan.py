"""Carries out a plan in this process, showing what happens."""

from __future__ import annotations

import dataclasses

from runner.execution.context import RestoredRun
from runner.execution.plan import Plan
from runner.run_context import make_context, new_record


def run_plan(plan: Plan, restored: RestoredRun | None = None, *, rerun_of: str | None = None) -> int:
    """Execute a plan, showing what happens, and return the process's exit code."""
    from runner.console.progress import Progress
    from runner.session import conduct

    progress = Progress()
    record = new_record(plan)
    record = dataclasses.replace(record, rerun_of=restored.run_id if restored is not None else rerun_of)
    note = plan.layout.create(plan.spec.workspace.shared)
    if note is not None:
        progress.say(note)
    context = make_context(
        plan.spec, plan.layout, record, plan.base, say=progress.say, restored=restored, steps=plan.steps
    )
    with context.closing:
        return conduct(context, record, plan.yaml, progress)


def resume_plan(plan: Plan) -> int:
    """Continue the pipeline of a plan, which has the id of its run, and return the process's exit code."""
    from runner.console.progress import Progress
    from runner.session import resume

    progress = Progress()
    record = new_record(plan)
    context = make_context(plan.spec, plan.layout, record, plan.base, say=progress.say, steps=plan.steps)
    with context.closing:
        return resume(context, record.id, progress)
